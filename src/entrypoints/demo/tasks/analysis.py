"""What analytics says of the years, held against the books and against itself counted anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from application.jobs import JobOrder
from domain.analytics.periods import Span
from domain.analytics.totals import Dated
from domain.shared.facts import Cause
from entrypoints.container import Container
from entrypoints.demo.checks import Check
from entrypoints.demo.checks import usd as money
from entrypoints.demo.tasks.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """A year as analytics counts it, by the day things happened on."""

    fees_minor: int
    rewards_minor: int
    dearest_minor: int | None
    dearest_task: str | None


async def yearly(container: Container, books: Books) -> Mapping[int, Year]:
    """Ask analytics about every year of the books."""
    queries, currency = container.exchange().analytics, container.settings().task_currency
    found: dict[int, Year] = {}
    for row in books.by_year:
        year = row["year"]
        span = Span(date(year, 1, 1), date(year, 12, 31))
        income = await queries.income(span, Dated.VALUE)
        task = (await queries.dearest(span, currency))["task"]
        sums: Mapping[str, Any] = (income["totals"] or [{"fees_minor": 0, "rewards_minor": 0}])[0]
        found[year] = Year(
            fees_minor=sums["fees_minor"],
            rewards_minor=sums["rewards_minor"],
            dearest_minor=task["price_minor"] if task else None,
            dearest_task=task["task_id"] if task else None,
        )
    return found


async def count_anew(container: Container) -> None:
    """Let analytics forget what it counted, and read every event again."""
    now = container.clock().now()
    cause = Cause(
        actor="operator:demo",
        reason="analytics counted anew",
        correlation_id=container.entropy().new_id(),
    )
    await container.exchange().rebuild(JobOrder(now=now, cause=cause))


def analytics_checks(
    books: Books, live: Mapping[int, Year], rebuilt: Mapping[int, Year]
) -> Sequence[Check]:
    """Say what must hold of both countings."""
    ours = {
        row["year"]: Year(
            fees_minor=row["fees_minor"],
            rewards_minor=row["rewards_minor"],
            dearest_minor=row["dearest_minor"],
            dearest_task=str(row["dearest_task"]) if row["dearest_task"] else None,
        )
        for row in books.by_year
    }
    income = sum(one.fees_minor - one.rewards_minor for one in live.values())
    return [
        Check(
            "analytics has the income and the dearest task of every year as the books have",
            dict(live) == ours,
            f"{len(live)} years, {money(income)} of income",
        ),
        Check(
            "analytics counted anew is the same",
            dict(rebuilt) == dict(live),
            f"{sum(rebuilt[year] == live[year] for year in live)} of {len(live)} years",
        ),
    ]
