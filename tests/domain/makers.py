"""Things of the domain with sensible values; a test names only what it is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from domain.payments.attempt import Attempt, Reserved
from domain.payments.invoice import Invoice, Purchase, issue
from domain.shared.calendar import Interval, Unit
from domain.shared.ids import (
    AttemptId,
    CustomerId,
    InvoiceId,
    MethodId,
    PlanId,
    PriceId,
    SubscriptionId,
)
from domain.shared.money import Money
from domain.subscriptions.model import CardTerms, Created, Renewal, Source, Subscription

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
PRICE = Money.of(49900, "RUB")


def an_attempt(**changed: Any) -> Attempt:
    made = Attempt(
        id=AttemptId(uuid4()),
        invoice_id=InvoiceId(uuid4()),
        customer_id=CustomerId(uuid4()),
        provider="test",
        money=PRICE,
        number=1,
        method_id=None,
        saves_method=False,
        return_url=None,
        state=Reserved(),
        created_at=NOON,
    )
    return replace(made, **changed)


def an_invoice(money: Money = PRICE) -> Invoice:
    made, _ = issue(
        InvoiceId(uuid4()),
        CustomerId(uuid4()),
        Purchase("1"),
        money,
        description="A disc",
        now=NOON,
        due_at=NOON + timedelta(days=7),
    )
    return made


def a_subscription(**changed: Any) -> Subscription:
    made = Subscription(
        id=SubscriptionId(uuid4()),
        customer_id=CustomerId(uuid4()),
        plan_id=PlanId(uuid4()),
        price_id=PriceId(uuid4()),
        money=PRICE,
        interval=Interval(1, Unit.MONTH),
        anchor_day=31,
        terms=CardTerms(
            provider="test",
            method_id=MethodId(UUID(int=1)),
            retry_days=(0, 1, 2, 3),
            grace=timedelta(hours=72),
        ),
        renewal=Renewal.AUTOMATIC,
        source=Source.PURCHASE,
        state=Created(NOON),
        charge=None,
        created_at=NOON,
    )
    return replace(made, **changed)
