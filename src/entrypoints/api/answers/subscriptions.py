"""Subscriptions as their customers understand them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from entrypoints.api.answers.payments import Paying
from entrypoints.api.answers.shapes import Answer, PageOf

SubscriptionStatus = Literal[
    "created", "active", "past_due", "paused", "canceled", "expired", "refused"
]


class NextAgreement(Answer, frozen=True):
    """Another plan or price that follows: with the next period, or with a payment under way."""

    plan_id: UUID
    price_id: UUID
    amount_minor: int
    currency: str
    at_once: bool


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
    paused_until: datetime | None
    plan_change: NextAgreement | None
    created_at: datetime


class Subscriptions(PageOf[Subscription], frozen=True):
    """A page of subscriptions."""


class Subscribed(Answer, frozen=True):
    """The subscription, the invoice of its first period, and how paying it goes on."""

    subscription: Subscription
    invoice_id: UUID | None
    payment: Paying | None


class CanceledNow(Answer, frozen=True):
    """The subscription that is over, and what was paid for the time it had left.

    The amount is null where no refund was asked for; a refund itself is decided apart.
    """

    subscription: Subscription
    unused_minor: int | None
    currency: str


class PlanQuote(Answer, frozen=True):
    """What a change of plan at once comes to: the credit, what is due, the period it begins."""

    credit_minor: int
    due_minor: int
    currency: str
    period_start: datetime
    period_end: datetime


class PlanChangedNow(PlanQuote, frozen=True):
    """A change at once; `invoice_id` is being collected where something is due, else paid."""

    subscription: Subscription
    invoice_id: UUID


class PromotionResults(Answer, frozen=True):
    """How many people of a list got which answer."""

    waiting: int
    issued: int
    already_has: int
    unknown: int
    invalid: int


class Promotion(Answer, frozen=True):
    """Free days for a list of people."""

    id: UUID
    price_id: UUID
    provider: str
    days: int
    reason: str
    issued_by: str
    created_at: datetime
    results: PromotionResults


class Promotions(PageOf[Promotion], frozen=True):
    """A page of promotions."""


class AcceptedPromotion(Answer, frozen=True):
    """A list that was accepted; its people are answered one after another."""

    id: UUID
    people: str


class PromotedPerson(Answer, frozen=True):
    """What became of one person of a list; `place` is where they stand in it."""

    external_id: str
    place: int
    result: Literal["waiting", "issued", "already_has", "unknown", "invalid"]
    subscription_id: UUID | None
    detail: str | None


class PromotedPeople(PageOf[PromotedPerson], frozen=True):
    """A page of the people of a list."""
