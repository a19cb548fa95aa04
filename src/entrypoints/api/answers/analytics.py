"""What the routes of analytics answer."""

from datetime import date, datetime
from uuid import UUID

from msgspec import field

from entrypoints.api.answers.shapes import Answer


class Analysis(Answer, frozen=True):
    """An answer about days, both ends included; `as_of` is null before anything was counted."""

    as_of: datetime | None
    first: date = field(name="from")
    last: date = field(name="to")


class IncomeTotal(Answer, frozen=True):
    """What was charged, rewarded, earned (fees less rewards), and corrected by hand."""

    currency: str
    fees_minor: int
    rewards_minor: int
    net_minor: int
    adjustments_minor: int


class IncomeDay(IncomeTotal, frozen=True):
    """The same for one day."""

    day: date


class Income(Analysis, frozen=True):
    """The company's income by day, where there was any, and in all."""

    dated: str
    days: list[IncomeDay]
    totals: list[IncomeTotal]


class DearTask(Answer, frozen=True):
    """A completed task with its price and what is known of it."""

    day: date
    task_id: UUID
    currency: str
    price_minor: int
    completed_at: datetime
    completed_by: UUID | None
    title: str | None
    jira_id: str | None
    description: str | None
    author_id: UUID | None


class DearestTask(Analysis, frozen=True):
    """The dearest task of a stretch, null where none was completed, and that of each day."""

    task: DearTask | None
    by_day: list[DearTask]


class Debtor(Answer, frozen=True):
    """Somebody whose wallet is below zero."""

    person_id: UUID
    currency: str
    balance_minor: int


class RedDay(Answer, frozen=True):
    """How many people were in the red on a day."""

    day: date
    people: int


class InTheRed(Analysis, frozen=True):
    """Who is in the red, in three readings.

    `owing_now` counts people with a balance below zero, and `items` are a page of them, deepest
    first. `owing_at_close` counts them when a day was closed. `lost_on_the_day` counts those whom
    the tasks of a day cost more than they brought.
    """

    owing_now: int
    items: list[Debtor]
    next_cursor: str | None
    owing_at_close: list[RedDay]
    lost_on_the_day: list[RedDay]


class GatewayDay(Answer, frozen=True):
    """What a gateway took on a day, and what went back through it."""

    day: date
    gateway: str
    currency: str
    taken_minor: int
    returned_minor: int
    net_minor: int


class RevenueDay(Answer, frozen=True):
    """What a revenue account earned on a day."""

    day: date
    account: str
    currency: str
    amount_minor: int


class SubscriptionTotal(Answer, frozen=True):
    """Subscriptions of a currency: how they stand now, and who came and left in the stretch."""

    currency: str
    active: int
    in_trial: int
    past_due: int
    mrr_minor: int
    new: int
    churned: int


class SubscriptionFigures(Analysis, frozen=True):
    """Subscriptions in figures."""

    gateways: list[GatewayDay]
    revenue: list[RevenueDay]
    totals: list[SubscriptionTotal]
