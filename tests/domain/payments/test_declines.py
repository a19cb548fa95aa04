"""What a decline allows: another try, another card, the customer, or nothing at all."""

from uuid import uuid4

import pytest

from domain.payments.declines import ADVICE, Advice, Decline, DeclineReason
from domain.payments.method import PaymentMethod, deactivate
from domain.shared.ids import CustomerId, MethodId
from tests.builders import NOON

# As the card spec lists them: reason, what may follow, and whether the card is spoilt for good.
RETRY_LATER = "insufficient_funds issuer_unavailable processor_error limit_exceeded issuer_declined"
SPOILT = "expired_card invalid_card restricted fraud consent_revoked"
# Of numbers: what their operator must never be asked to charge again.
NEVER_AGAIN = "postpaid blacklisted"
CUSTOMER_HAS_TO_ACT = "authentication abandoned merchant_canceled unrecognized"


def test_every_reason_has_its_advice() -> None:
    assert set(ADVICE) == set(DeclineReason)
    told = f"{RETRY_LATER} {SPOILT} {NEVER_AGAIN} {CUSTOMER_HAS_TO_ACT}".split()
    assert sorted(told) == sorted(reason.value for reason in DeclineReason)


@pytest.mark.parametrize("reason", DeclineReason)
def test_only_a_soft_decline_is_tried_again_by_itself(reason: DeclineReason) -> None:
    decline = Decline(reason, "raw")
    assert (decline.advice is Advice.RETRY_LATER) == (reason.value in RETRY_LATER.split())


@pytest.mark.parametrize("reason", DeclineReason)
def test_only_a_hard_decline_spoils_the_card(reason: DeclineReason) -> None:
    hard = f"{SPOILT} {NEVER_AGAIN}".split()
    assert Decline(reason, "raw").spoils_method == (reason.value in hard)


def test_a_spoilt_method_keeps_the_first_reason() -> None:
    method = PaymentMethod(
        id=MethodId(uuid4()),
        customer_id=CustomerId(uuid4()),
        provider="test",
        external_id="m-1",
        type="bank_card",
        title="Bank card *4444",
        last4="4444",
        saved_at=NOON,
    )
    assert method.is_active
    spoilt = deactivate(method, "expired_card")
    assert (spoilt.is_active, spoilt.inactive_reason, spoilt.version) == (False, "expired_card", 2)
    assert deactivate(spoilt, "fraud") is spoilt
