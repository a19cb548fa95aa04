"""The message that carries a notice: `notifications.payout.v1`."""

from datetime import date
from uuid import UUID

from application.ports import JsonObject, NewMessage
from domain.notifications.notice import PayoutNotice
from domain.shared.errors import InvalidValue
from domain.shared.money import Currency, Money

QUEUE = "notifications"
PAYOUT_NOTICE = "notifications.payout.v1"


def message_of(notice: PayoutNotice) -> NewMessage:
    """Return the message of a notice; one at a time, by its order key."""
    return NewMessage(
        queue=QUEUE,
        name=PAYOUT_NOTICE,
        payload={
            "payout_id": str(notice.payout_id),
            "person_id": str(notice.person_id),
            "amount_minor": notice.amount.amount_minor,
            "currency": notice.amount.currency.code,
            "run_date": notice.run_date.isoformat(),
            "opening_carry_minor": notice.opening_carry.amount_minor,
            "period_net_minor": notice.period_net.amount_minor,
        },
        order_key=f"{QUEUE}:{notice.payout_id}",
        correlation_id=notice.payout_id,
    )


def notice_of(payload: JsonObject) -> PayoutNotice:
    """Read a notice back; refuse with `InvalidValue` what is none, which no other try can help."""
    try:
        currency = Currency(payload["currency"])
        return PayoutNotice(
            payout_id=UUID(payload["payout_id"]),
            person_id=UUID(payload["person_id"]),
            amount=Money(payload["amount_minor"], currency),
            run_date=date.fromisoformat(payload["run_date"]),
            opening_carry=Money(payload["opening_carry_minor"], currency),
            period_net=Money(payload["period_net_minor"], currency),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidValue(f"that is no notice of a payout: {error!r}") from error
