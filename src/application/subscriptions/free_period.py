"""A period that costs nothing: invoiced, paid at once, and granted without a gateway."""

from datetime import datetime
from zoneinfo import ZoneInfo

from application.subscriptions.ports import PeriodRow, SubscriptionsUnitOfWork
from domain.shared.calendar import Period
from domain.shared.facts import Cause
from domain.shared.ids import InvoiceId
from domain.subscriptions import lifecycle
from domain.subscriptions.model import Subscription


async def grant_free(
    uow: SubscriptionsUnitOfWork,
    cause: Cause,
    subscription: Subscription,
    period: Period,
    *,
    description: str,
    now: datetime,
    zone: ZoneInfo,
) -> tuple[Subscription, InvoiceId]:
    """Invoice the period for zero and grant it; the caller saves the subscription."""
    invoice_id = await uow.billing.invoice(
        cause,
        subscription_id=subscription.id,
        customer_id=subscription.customer_id,
        price_id=subscription.price_id,
        period=period,
        money=subscription.money,
        description=description,
    )
    granted, given, said = lifecycle.grant(
        subscription, invoice_id, method_id=None, now=now, zone=zone
    )
    assert given is not None, "a subscription that is live gets its period"
    row = PeriodRow(subscription_id=granted.id, period=given, kind="free", invoice_id=invoice_id)
    await uow.subscriptions.add_periods([row])
    uow.events.record(cause, said)
    return granted, invoice_id
