"""Things of the domain with sensible values; a test names only what it is about.

Times are fixed: everything begins at `NOON` of January 31, 2026, so that months are short, long
and short again, in the billing zone `MOSCOW`.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from domain.catalog.plan import Dunning, Plan, Price
from domain.payments.attempt import Attempt, Reserved
from domain.payments.invoice import Invoice, Purchase, issue
from domain.payments.occasion import Occasion
from domain.payments.refund import Refund
from domain.payments.refund import Reserved as RefundReserved
from domain.shared.calendar import Interval, Period, Unit
from domain.shared.ids import (
    AttemptId,
    CustomerId,
    InvoiceId,
    MethodId,
    PlanId,
    PriceId,
    RefundId,
    SubscriptionId,
)
from domain.shared.money import Money
from domain.subscriptions.model import Active, CardTerms, Created, Renewal, Source, Subscription

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
PRICE = Money.of(49900, "RUB")
# What `an_active_subscription` has paid: January 31 to February 28.
FIRST = Period(NOON, datetime(2026, 2, 28, 12, 0, tzinfo=UTC))


def an_attempt(**changed: Any) -> Attempt:
    """A reserved attempt to collect `PRICE`."""
    made = Attempt(
        id=AttemptId(uuid4()),
        invoice_id=InvoiceId(uuid4()),
        customer_id=CustomerId(uuid4()),
        provider="test",
        money=PRICE,
        number=1,
        occasion=Occasion.CHECKOUT,
        method_id=None,
        saves_method=False,
        return_url=None,
        state=Reserved(),
        created_at=NOON,
    )
    return replace(made, **changed)


def an_invoice(money: Money = PRICE, **changed: Any) -> Invoice:
    """An invoice as it was issued: owed, or paid at once when it asks for nothing."""
    made, _ = issue(
        InvoiceId(uuid4()),
        CustomerId(uuid4()),
        Purchase("1"),
        money,
        description="A disc",
        now=NOON,
        due_at=NOON + timedelta(days=7),
    )
    return replace(made, **changed)


def a_refund(money: Money = PRICE, **changed: Any) -> Refund:
    """A reserved refund."""
    made = Refund(
        id=RefundId(uuid4()),
        attempt_id=AttemptId(uuid4()),
        invoice_id=InvoiceId(uuid4()),
        money=money,
        reason="asked for",
        requested_by="manager:1",
        state=RefundReserved(),
        created_at=NOON,
    )
    return replace(made, **changed)


def a_subscription(**changed: Any) -> Subscription:
    """A monthly card subscription that was chosen and not paid yet."""
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


def an_active_subscription(period: Period = FIRST, **changed: Any) -> Subscription:
    """One whose first month, or the given period, is paid."""
    return a_subscription(state=Active(period), **changed)


def a_plan(**changed: Any) -> Plan:
    """A monthly plan on sale."""
    made = Plan(
        id=PlanId(uuid4()),
        name="Cinema",
        description="",
        interval=Interval(1, Unit.MONTH),
        is_recurring=True,
        trial_days=0,
        dunning=Dunning(),
        features=(),
        is_active=True,
        created_at=NOON,
    )
    return replace(made, **changed)


def a_price(plan: Plan, money: Money = PRICE, **changed: Any) -> Price:
    """An active price of a plan."""
    made = Price(
        id=PriceId(uuid4()),
        plan_id=plan.id,
        money=money,
        set_by="manager:1",
        created_at=NOON,
    )
    return replace(made, **changed)
