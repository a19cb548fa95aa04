"""Subscriptions as their customers understand them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from entrypoints.api.answers.payments import Paying
from entrypoints.api.answers.shapes import Answer, PageOf

SubscriptionStatus = Literal[
    "created", "active", "past_due", "paused", "canceled", "expired", "refused"
]


class Subscription(Answer, frozen=True):
    """A subscription, and what it means at this moment."""

    id: UUID
    customer_id: UUID
    plan_id: UUID
    price_id: UUID
    amount_minor: int
    currency: str
    interval: str
    provider: str
    method_id: UUID | None
    status: SubscriptionStatus
    renewal: str
    period_start: datetime | None
    period_end: datetime | None
    has_access: bool
    access_until: datetime | None
    next_charge_at: datetime | None
    charge_open: bool
    created_at: datetime


class Subscriptions(PageOf[Subscription], frozen=True):
    """A page of subscriptions."""


class Subscribed(Answer, frozen=True):
    """The subscription, the invoice of its first period, and how paying it goes on."""

    subscription: Subscription
    invoice_id: UUID | None
    payment: Paying | None
