"""Hold the books against the file, against themselves, and against the sandbox's own list."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from adapters.postgres.overview import PostgresOverview, Rows
from application.invariants import Violation
from application.ledger.check import LedgerReport
from domain.shared.money import Money
from entrypoints.demo.books import Books
from entrypoints.demo.purchases import USD, Totals
from entrypoints.demo.shop import PROVIDER
from entrypoints.demo.walk import Sold

_PAGE = 1000
_PAID = ("succeeded", "partially_refunded", "refunded")
# What each state of a payment there may be here; everything else is a difference.
_AGREES = {
    "succeeded": _PAID,
    "canceled": ("declined", "canceled", "expired"),
    "pending": ("accepted",),
    "waiting_for_capture": ("authorized",),
}


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold, whether it does, and by what numbers."""

    what: str
    holds: bool
    told: str


@dataclass(slots=True)
class Compared:
    """The sandbox's list of payments held against ours, one by one."""

    theirs: int = 0
    settled: int = 0
    settled_minor: int = 0
    differences: int = 0
    first: str = ""

    def differ(self, why: str) -> None:
        """Count a difference; the first is told."""
        self.differences += 1
        self.first = self.first or why


async def compare(control: httpx.AsyncClient, overview: PostgresOverview) -> Compared:
    """Read the sandbox's list line by line and look each payment up on our side."""
    found = Compared()
    page: list[dict[str, Any]] = []
    async with control.stream("GET", "/payments") as lines:
        async for line in lines.aiter_lines():
            page.append(json.loads(line))
            if len(page) == _PAGE:
                await _compare_page(page, overview, found)
                page.clear()
    await _compare_page(page, overview, found)
    return found


async def _compare_page(
    page: Sequence[dict[str, Any]], overview: PostgresOverview, found: Compared
) -> None:
    ours = {
        row["external_id"]: row
        for row in await overview.at_gateway(PROVIDER, [theirs["id"] for theirs in page])
    }
    for theirs in page:
        found.theirs += 1
        if theirs["status"] == "succeeded":
            found.settled += 1
            found.settled_minor += theirs["amount_minor"]
        if why := _difference(theirs, ours.get(theirs["id"])):
            found.differ(f"{theirs['id']}: {why}")


def _difference(theirs: dict[str, Any], ours: dict[str, Any] | None) -> str | None:
    if ours is None:
        return "we do not know it"
    if ours["status"] not in _AGREES[theirs["status"]]:
        return f"{theirs['status']} there, {ours['status']} here"
    if (ours["amount_minor"], ours["currency"]) != (theirs["amount_minor"], theirs["currency"]):
        return "another amount"
    taken = theirs["amount_minor"] if theirs["status"] == "succeeded" else 0
    if ours["captured_minor"] != taken or ours["refunded_minor"] != theirs["refunded_minor"]:
        return "another amount was taken or given back"
    return None


def ledger_check(report: LedgerReport) -> Check:
    """Debits equal credits in every currency, and every balance is what its entries say."""
    sums: Counter[str] = Counter()
    for line in report.trial_balance:
        sums[line.currency.code] += line.balance_minor
    told = f"{len(report.trial_balance)} accounts, {report.count} violations, sum " + ", ".join(
        f"{amount} {code}" for code, amount in sorted(sums.items())
    )
    return Check("the ledger sums to zero", report.is_clean and not any(sums.values()), told)


def rules_check(violations: Sequence[Violation]) -> Check:
    """Every invariant of billing and messages holds."""
    told = "none broken" if not violations else f"{len(violations)}, first: {violations[0]}"
    return Check("every rule of billing and messages holds", not violations, told)


def file_checks(books: Books, file: Totals, sold: Sold, *, declines: bool) -> list[Check]:
    """Hold purchases against the file, to the cent; declined ones are owed, not lost."""
    bought = books.purchases
    same = (bought["issued"], bought["issued_minor"]) == (file.purchases, file.amount_minor)
    told = f"{bought['issued']:,} of {usd(bought['issued_minor'])}"
    paid = (bought["paid"], bought["paid_minor"])
    unpaid_minor = bought["issued_minor"] - bought["paid_minor"]
    in_ledger = books.purchases_minor == bought["paid_minor"]
    checks = [
        Check(
            "every purchase of the file has its invoice",
            same and sold.invoices == file.purchases,
            f"{told}; the file: {file.purchases:,} of {usd(file.amount_minor)}",
        ),
        Check(
            "several purchases on one day stay several",
            bought["days_with_several"] == file.days_with_several,
            f"{bought['days_with_several']:,} customer-days; the file: {file.days_with_several:,}",
        ),
        Check(
            "purchases of $0.00 are paid without a charge",
            bought["free"] == file.free,
            f"{bought['free']}; the file: {file.free}",
        ),
    ]
    if declines:
        told = f"{usd(paid[1])} paid and {usd(unpaid_minor)} unpaid"
        holds = in_ledger and paid[1] + unpaid_minor == file.amount_minor
        return [*checks, Check("what is not paid is owed, to the cent", holds, told)]
    told = f"{usd(books.purchases_minor)}; the file: {usd(file.amount_minor)}"
    holds = in_ledger and paid == (file.purchases, file.amount_minor)
    return [*checks, Check("purchases equal the file's total to the cent", holds, told)]


def gateway_check(compared: Compared, ours: int, books: Books) -> Check:
    """The sandbox's list and ours are the same payments, one by one."""
    earned = books.purchases_minor + books.renewals_minor
    holds = (
        compared.differences == 0 and compared.theirs == ours and compared.settled_minor == earned
    )
    told = (
        f"{compared.theirs:,} there, {ours:,} here; {compared.settled:,} settled for "
        f"{usd(compared.settled_minor)}, {usd(earned)} in the ledger"
    )
    if compared.first:
        told += f"; {compared.differences} differ, first {compared.first}"
    return Check("the sandbox's list equals our settled attempts one by one", holds, told)


def message_check(kept: Mapping[str, Any]) -> Check:
    """Nothing is waiting, nothing died."""
    told = f"{kept['sent']:,} sent, {kept['open']} open, {kept['dead']} dead"
    return Check("every message is done", kept["open"] == 0 and kept["dead"] == 0, told)


def job_check(jobs: Rows) -> Check:
    """No run of a job failed."""
    failed = sum(row["failed"] for row in jobs)
    runs = sum(row["runs"] for row in jobs)
    return Check("every run of a job ended well", failed == 0, f"{runs:,} runs, {failed} failed")


def usd(amount_minor: int) -> str:
    """Write dollars for people."""
    text = Money(amount_minor, USD).decimal_text()
    whole, _, cents = text.partition(".")
    return f"${int(whole):,}.{cents}"


Violations = Callable[[], Awaitable[Sequence[Violation]]]
