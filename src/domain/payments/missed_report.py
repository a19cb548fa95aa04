"""What it means when a gateway promised to report an outcome, and did not."""

from dataclasses import replace
from datetime import datetime

from domain.payments import events
from domain.payments.asking import RE_ASK_AFTER
from domain.payments.attempt import Accepted, Attempt, Moved, Unknown

_WHY = "the gateway did not report how it ended"


def miss_report(attempt: Attempt, *, now: datetime) -> Moved:
    """Lose sight of an accepted charge; it is asked for a day later, if anybody can be asked."""
    match attempt.state:
        case Accepted(external_id=external_id):
            missed = replace(
                attempt,
                state=Unknown(now, _WHY, external_id),
                next_ask_at=now + RE_ASK_AFTER[-1],
                version=attempt.version + 1,
            )
            return missed, [events.OutcomeUnknown(payment_id=attempt.id, why=_WHY)]
        case _:
            return attempt, []
