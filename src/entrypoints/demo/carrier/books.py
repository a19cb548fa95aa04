"""The books of the week, held against the operators' own billing records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.postgres.carrier_overview import PostgresCarrierOverview
from adapters.postgres.overview import Rows
from domain.shared.money import Money
from entrypoints.demo.carrier.cast import Operator
from entrypoints.demo.carrier.traffic import Traffic
from entrypoints.demo.checks import Check

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One operator's week; amounts are minor units of its currency."""

    operator: Operator
    sent: int
    figures: Mapping[str, int]
    billed: int
    billed_minor: int
    difference: str

    def money(self, minor: int) -> str:
        """Write an amount for people."""
        return str(Money(minor, self.operator.price.currency))

    @property
    def agrees(self) -> bool:
        """Tell whether ledger, attempts and the operator's records say the same."""
        mine = self.figures
        return (
            not self.difference
            and mine["paid"] == self.billed
            and mine["ledger_minor"] == mine["captured_minor"] == self.billed_minor
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Everything the report shows."""

    lines: Sequence[Line]
    by_day: Rows
    broken: Mapping[str, int]
    waiting: int
    jobs: Rows
    messages: Mapping[str, Any]


async def read_books(
    overview: PostgresCarrierOverview,
    cast: Sequence[Operator],
    traffic: Traffic,
    billed: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Books:
    """Read the books; `billed` are the operators' records, which are compared one by one."""
    figures = {row["code"]: row for row in await overview.by_operator()}
    lines = [
        Line(
            operator=operator,
            sent=traffic.count(operator),
            figures=figures[operator.code],
            billed=len(billed[operator.code]),
            billed_minor=sum(line["amount_minor"] for line in billed[operator.code]),
            difference=await _first_difference(overview, operator, billed[operator.code]),
        )
        for operator in cast
    ]
    return Books(
        lines=lines,
        by_day=await overview.paid_by_day(),
        broken=await overview.broken_promises(),
        waiting=await overview.waiting(),
        jobs=await overview.jobs(),
        messages=await overview.messages(),
    )


async def _first_difference(
    overview: PostgresCarrierOverview, operator: Operator, billed: Sequence[Mapping[str, Any]]
) -> str:
    """Look every record up on our side; return what is wrong with the first that differs."""
    for first in range(0, len(billed), _PAGE):
        page = billed[first : first + _PAGE]
        ours = await overview.billed_to(operator.code, [line["token"] for line in page])
        for line in page:
            if ours.get(line["token"]) != line["amount_minor"]:
                there = Money(line["amount_minor"], operator.price.currency)
                return f"{line['token']}: {there} there, {ours.get(line['token'])} here"
    return ""


def checks_of(books: Books) -> list[Check]:
    """Say what must hold of the week."""
    found = [
        Check(
            f"{line.operator.name}: every order was taken once",
            line.figures["orders"] == line.sent,
            f"{line.figures['orders']:,} kept, {line.sent:,} sent",
        )
        for line in books.lines
    ]
    for line in books.lines:
        told = (
            f"{line.money(line.figures['ledger_minor'])} in the ledger for {line.figures['paid']:,}"
            f" charges; {line.money(line.billed_minor)} for {line.billed:,} there"
        )
        if line.difference:
            told += f"; first difference {line.difference}"
        what = f"{line.operator.name}: the ledger equals its billing records one by one"
        found.append(Check(what, line.agrees, told))
    words = {
        "paid_twice": "no period was paid twice",
        "after_stop": "nobody was charged after a stop",
        "listed": "no number on a list was charged",
    }
    found += [Check(words[name], count == 0, str(count)) for name, count in books.broken.items()]
    return found
