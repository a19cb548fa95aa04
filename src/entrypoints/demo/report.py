"""Print the books and the checks, and write them to files."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from domain.shared.money import Money
from entrypoints.demo.books import Books
from entrypoints.demo.checks import Check, usd
from entrypoints.demo.walk import Sold

Table = Callable[[str, Sequence[str], Iterable[Sequence[object]]], None]
CHART = "revenue.svg"
BOOKS = "books.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a walk went; `seconds` counts from the start of the servers to the last check."""

    books: Books
    checks: Sequence[Check]
    sold: Sold
    customers: int
    days: int
    seconds: float
    walking_seconds: float
    requests: int
    samples: Sequence[str]

    @property
    def holds(self) -> bool:
        """Tell whether every check holds."""
        return all(check.holds for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "holds": self.holds,
            "checks": [asdict(check) for check in self.checks],
            "customers": self.customers,
            "days": self.days,
            "seconds": round(self.seconds, 1),
            "walking_seconds": round(self.walking_seconds, 1),
            "requests": self.requests,
            "samples": list(self.samples),
            "sold": asdict(self.sold),
            "books": asdict(self.books),
        }


def write_report(report: Report, folder: Path) -> None:
    """Write the books as JSON."""
    text = json.dumps(report.as_json(), indent=2, default=str)
    (folder / BOOKS).write_text(text + "\n", encoding="utf-8")


def print_report(report: Report, table: Table) -> None:
    """Print the books as tables, then what was checked."""
    _months(report.books, table)
    _attempts(report.books, table)
    _jobs(report.books, table)
    _messages(report, table)
    table(
        "Checks",
        ["", "what must hold", "by the numbers"],
        [("ok" if check.holds else "WRONG", check.what, check.told) for check in report.checks],
    )


def _months(books: Books, table: Table) -> None:
    rows: list[Sequence[object]] = [
        (
            month.month,
            f"{month.purchases:,}",
            usd(month.purchases_minor),
            f"{month.renewals:,}",
            usd(month.renewals_minor),
            *(f"{month.standing(status):,}" for status in ("active", "past_due", "expired")),
        )
        for month in books.months
    ]
    total = (
        "all",
        f"{sum(month.purchases for month in books.months):,}",
        usd(books.purchases_minor),
        f"{sum(month.renewals for month in books.months):,}",
        usd(books.renewals_minor),
        *(f"{books.subscriptions.get(s, 0):,}" for s in ("active", "past_due", "expired")),
    )
    table(
        "The books: revenue by month from the ledger, the club at each month's end",
        [
            *("month", "purchases>", "revenue>", "renewals>", "revenue>"),
            *("active>", "past due>", "expired>"),
        ],
        [*rows, total],
    )


def _attempts(books: Books, table: Table) -> None:
    table(
        "Charge attempts by outcome",
        ["for", "how", "outcome", "reason", "attempts>", "amount>"],
        [
            (
                row["purpose"],
                row["how"],
                row["status"],
                row["reason"],
                f"{row['count']:,}",
                str(Money.of(row["amount_minor"], row["currency"])),
            )
            for row in books.attempts
        ],
    )


def _jobs(books: Books, table: Table) -> None:
    table(
        "Runs of the jobs",
        ["job", "runs>", "failed>", "seconds>", "did"],
        [
            (
                row["job"],
                f"{row['runs']:,}",
                row["failed"],
                row["seconds"],
                ", ".join(f"{word} {count:,}" for word, count in row["counts"].items() if count),
            )
            for row in books.jobs
        ],
    )


def _messages(report: Report, table: Table) -> None:
    kept = report.books.messages
    rows = [
        ("messages written and carried out", f"{kept['sent']:,}"),
        ("events kept", f"{kept['events']:,}"),
        ("notifications received from the sandbox", f"{kept['notifications']:,}"),
        ("requests the shop made", f"{report.requests:,}"),
        ("customers, of them in the club", f"{report.customers:,}, {report.sold.members:,}"),
        ("days walked", f"{report.days:,}"),
        ("seconds, of them walking", f"{report.seconds:.1f}, {report.walking_seconds:.1f}"),
    ]
    table("What it took", ["what", "how many>"], rows)
