"""What a charge of the plain protocol means."""

from datetime import UTC, datetime

from adapters.operators.declines import declined
from adapters.operators.plain import wire
from application.carrier.gateway import (
    Accepted,
    Blacklisted,
    Declined,
    OperatorDecline,
    OperatorReceipt,
    Paid,
    Postpaid,
)
from domain.shared.errors import InvalidValue
from domain.shared.money import Money

Reported = Paid | Accepted | Declined | Postpaid | Blacklisted
_REASONS = {reason.value: reason for reason in OperatorDecline}


class Unclear(ValueError):
    """The operator says something of a charge that the protocol has no meaning for."""


def reported(charge: wire.Charge, receipt: OperatorReceipt) -> Reported:
    """Tell what a charge's status means; raise Unclear for a status nobody has agreed on.

    A paid charge says how much was taken. A reason that is not ours is `other`.
    """
    match charge.status:
        case "paid":
            return Paid(receipt, _money(charge), _instant(charge.at))
        case "accepted":
            return Accepted(receipt)
        case "declined":
            return declined(receipt, _REASONS.get(charge.reason, OperatorDecline.OTHER))
        case "postpaid":
            return Postpaid(receipt)
        case "blacklisted":
            return Blacklisted(receipt)
        case _:
            raise Unclear("a charge has a status that the protocol does not know")


def _money(charge: wire.Charge) -> Money:
    if charge.amount_minor is None or charge.currency is None:
        raise Unclear("a paid charge does not say how much was taken")
    try:
        return Money.of(charge.amount_minor, charge.currency)
    except InvalidValue as error:
        raise Unclear("a paid charge is in no currency") from error


def _instant(text: str | None) -> datetime | None:
    """Read when the operator billed; what cannot be read is not known."""
    try:
        read = datetime.fromisoformat(text) if text else None
        return read.astimezone(UTC) if read is not None and read.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
