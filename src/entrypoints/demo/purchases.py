"""The purchases of a real online shop, day by day, from the copy that comes with the package."""

import csv
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from itertools import groupby
from operator import attrgetter

from domain.shared.money import Currency, Money

USD = Currency("USD")
FIRST_DAY = date(1997, 1, 1)
DAYS = 546


@dataclass(frozen=True, slots=True)
class Purchase:
    """One line of the file; its number tells apart two purchases of one customer on one day."""

    line: int
    day: date
    customer: int
    cds: int
    money: Money


@dataclass(slots=True)
class Totals:
    """What purchases add up to; `days_with_several` counts customer-days, not purchases."""

    purchases: int = 0
    customers: int = 0
    amount_minor: int = 0
    free: int = 0
    days_with_several: int = 0


def purchases(*, every: int = 1) -> Iterator[Purchase]:
    """Read the purchases of every n-th customer in the order of days, one at a time."""
    source = files("entrypoints.demo") / "data" / "cdnow_purchases.csv.gz"
    with source.open("rb") as packed, gzip.open(packed, "rt", encoding="ascii", newline="") as text:
        lines = csv.reader(text)
        next(lines)
        for number, (day, customer, cds, dollars) in enumerate(lines, start=1):
            if int(customer) % every == 0:
                yield Purchase(
                    number,
                    date.fromisoformat(day),
                    int(customer),
                    int(cds),
                    Money.from_decimal(dollars, USD),
                )


def by_day(*, every: int = 1) -> Iterator[tuple[date, list[Purchase]]]:
    """Read the purchases a day at a time; a day without any is left out."""
    for day, bought in groupby(purchases(every=every), key=attrgetter("day")):
        yield day, list(bought)


def every_day(*, every: int = 1, days: int = DAYS) -> Iterator[tuple[date, Sequence[Purchase]]]:
    """Read the first days of the file one by one, those without a purchase too."""
    busy = by_day(every=every)
    coming, bought = next(busy, (date.max, []))
    for number in range(days):
        day = FIRST_DAY + timedelta(days=number)
        if day < coming:
            yield day, ()
            continue
        yield day, bought
        coming, bought = next(busy, (date.max, []))


def totals(*, every: int = 1, days: int = DAYS) -> Totals:
    """Add the file up, or its first days."""
    found = Totals()
    customers: set[int] = set()
    for _, bought in every_day(every=every, days=days):
        buyers = [purchase.customer for purchase in bought]
        customers.update(buyers)
        found.purchases += len(bought)
        found.amount_minor += sum(purchase.money.amount_minor for purchase in bought)
        found.free += sum(purchase.money.is_zero for purchase in bought)
        found.days_with_several += sum(buyers.count(buyer) > 1 for buyer in set(buyers))
    found.customers = len(customers)
    return found
