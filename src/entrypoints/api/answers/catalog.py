"""Plans, prices, features, providers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from entrypoints.api.answers.shapes import All, Answer, PageOf


class Offer(Answer, frozen=True):
    """What a plan costs now, in one currency."""

    id: UUID
    amount_minor: int
    currency: str


class Plan(Answer, frozen=True):
    """A plan with the prices it is sold at."""

    id: UUID
    name: str
    description: str
    interval_count: int
    interval_unit: Literal["day", "month", "year"]
    is_recurring: bool
    trial_days: int
    retry_days: list[int]
    grace_seconds: int
    features: list[str]
    is_active: bool
    created_at: datetime
    prices: list[Offer]


class Plans(All[Plan], frozen=True):
    """Plans with their prices."""


class CreatedPlan(Answer, frozen=True):
    """A plan that was created; it is sold once it has a price."""

    id: UUID
    name: str


class RetiredPlan(Answer, frozen=True):
    """A plan that is not sold any more."""

    id: UUID
    is_active: bool


class PlanFeatures(Answer, frozen=True):
    """What a plan gives."""

    id: UUID
    features: list[str]


class SetPrice(Answer, frozen=True):
    """A price that was set."""

    id: UUID
    plan_id: UUID
    amount_minor: int
    currency: str


class Price(SetPrice, frozen=True):
    """A price in force, to come, or archived."""

    set_by: str
    created_at: datetime
    archived_at: datetime | None
    valid_from: datetime
    migrates: bool


class Prices(PageOf[Price], frozen=True):
    """A page of prices."""


class Feature(Answer, frozen=True):
    """Something plans give."""

    code: str
    name: str
    description: str
    entities: list[str]


class Features(All[Feature], frozen=True):
    """What plans may give."""


class Provider(Answer, frozen=True):
    """A payment provider of this deployment."""

    code: str
    is_test: bool


class Providers(All[Provider], frozen=True):
    """How one may pay."""
