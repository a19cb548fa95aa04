"""The books of the walk: what Kazna says it earned, charged and did."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from adapters.postgres.overview import PostgresOverview, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One month: revenue from the ledger, subscriptions as they stood at its end."""

    month: str
    purchases: int
    purchases_minor: int
    renewals: int
    renewals_minor: int
    subscriptions: Mapping[str, int]

    def standing(self, status: str) -> int:
        """Count the subscriptions of a status at the end of the month."""
        return self.subscriptions.get(status, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Everything the report shows."""

    months: list[Month]
    purchases: Mapping[str, Any]
    subscriptions: Mapping[str, int]
    attempts: Rows
    jobs: Rows
    messages: Mapping[str, Any]

    @property
    def purchases_minor(self) -> int:
        """Sum the purchases of all months."""
        return sum(month.purchases_minor for month in self.months)

    @property
    def renewals_minor(self) -> int:
        """Sum the renewals of all months."""
        return sum(month.renewals_minor for month in self.months)


async def read_books(
    overview: PostgresOverview, by_month: Mapping[str, Mapping[str, int]], zone: ZoneInfo
) -> Books:
    """Read the books; `by_month` are the subscriptions by status at the end of each month."""
    earned: dict[tuple[str, str], dict[str, Any]] = {
        (row["month"], row["code"]): row for row in await overview.revenue()
    }
    months = sorted({month for month, _ in earned} | set(by_month))
    return Books(
        months=[_month(name, earned, by_month.get(name, {})) for name in months],
        purchases=await overview.purchases(zone),
        subscriptions=await overview.subscriptions(),
        attempts=await overview.attempts(),
        jobs=await overview.jobs(),
        messages=await overview.messages(),
    )


def _month(
    name: str, earned: Mapping[tuple[str, str], Mapping[str, Any]], standing: Mapping[str, int]
) -> Month:
    nothing = {"charges": 0, "amount_minor": 0}
    bought = earned.get((name, "purchase_revenue"), nothing)
    renewed = earned.get((name, "subscription_revenue"), nothing)
    return Month(
        month=name,
        purchases=bought["charges"],
        purchases_minor=bought["amount_minor"],
        renewals=renewed["charges"],
        renewals_minor=renewed["amount_minor"],
        subscriptions=standing,
    )
