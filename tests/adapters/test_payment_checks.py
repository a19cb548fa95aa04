"""Whether a payment may be made, by how its attempt and its invoice stand."""

from datetime import UTC, datetime

import pytest

from adapters.providers.checks import Verdict, standing
from domain.payments import attempt as attempts
from domain.payments import invoice
from domain.payments.declines import Decline, DeclineReason
from domain.shared.ids import AttemptId
from tests.builders import PRICE, an_attempt, an_invoice

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ATTEMPT = an_attempt()
OWN = invoice.Processing(ATTEMPT.id)
ANOTHERS = invoice.Processing(AttemptId(an_invoice().id))
DECLINED = attempts.Declined(Decline(DeclineReason.INSUFFICIENT_FUNDS, "5051"), NOW)


@pytest.mark.parametrize(
    ("state", "owed", "verdict"),
    [
        (attempts.Sent(NOW), OWN, Verdict.ACCEPTABLE),
        (attempts.Accepted("a-1", NOW), OWN, Verdict.ACCEPTABLE),
        (attempts.Unknown(NOW, "no answer"), OWN, Verdict.ACCEPTABLE),
        (attempts.Accepted("a-1", NOW), ANOTHERS, Verdict.NOT_ACCEPTED),
        (DECLINED, invoice.Issued(), Verdict.ACCEPTABLE),
        (DECLINED, ANOTHERS, Verdict.NOT_ACCEPTED),
        (attempts.Succeeded("a-1", PRICE, NOW), invoice.Paid(ATTEMPT.id), Verdict.NOT_ACCEPTED),
        (attempts.Refunded("a-1", PRICE, NOW), invoice.Paid(ATTEMPT.id), Verdict.NOT_ACCEPTED),
        (attempts.Authorized("a-1", NOW), OWN, Verdict.NOT_ACCEPTED),
        (attempts.Review("a-1", (), NOW), OWN, Verdict.NOT_ACCEPTED),
        (attempts.Expired(NOW), invoice.Issued(), Verdict.TOO_LATE),
        (attempts.Canceled("over", NOW), invoice.Issued(), Verdict.TOO_LATE),
        (attempts.Refused("no", NOW), invoice.Issued(), Verdict.TOO_LATE),
    ],
)
def test_a_payment_may_be_made_only_while_it_would_count(
    state: attempts.State, owed: invoice.State, verdict: Verdict
) -> None:
    attempt = an_attempt(id=ATTEMPT.id, state=state)

    assert standing(attempt, an_invoice(state=owed)) is verdict
