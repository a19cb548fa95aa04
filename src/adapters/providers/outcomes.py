"""What a payment's status means for the charge that made it; the same for every gateway."""

from typing import assert_never

from application.payments.provider import (
    Accepted,
    Authorized,
    ChargeOutcome,
    Declined,
    PaymentSnapshot,
    PaymentStatus,
    Succeeded,
)
from domain.payments.declines import Decline, DeclineReason


def charge_outcome(snapshot: PaymentSnapshot) -> ChargeOutcome:
    """Tell what a payment's status means for the charge.

    An unrecognized one is Accepted: the gateway has it under an id, and whoever asks again finds
    the same status and hands it to a person.
    """
    match snapshot.status:
        case PaymentStatus.SUCCEEDED:
            return Succeeded(snapshot)
        case PaymentStatus.AUTHORIZED:
            return Authorized(snapshot)
        case PaymentStatus.CANCELED:
            return Declined(snapshot.decline or Decline(DeclineReason.UNRECOGNIZED, ""), snapshot)
        case PaymentStatus.PENDING | PaymentStatus.UNRECOGNIZED:
            return Accepted(snapshot)
        case _:
            assert_never(snapshot.status)
