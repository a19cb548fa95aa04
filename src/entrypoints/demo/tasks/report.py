"""Print the books of the exchange, and write them and a chart to files."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pygal

from entrypoints.demo.chart import STYLE, write_svg
from entrypoints.demo.checks import Check
from entrypoints.demo.checks import usd as money
from entrypoints.demo.tasks.books import Books

Table = Callable[[str, Sequence[str], Iterable[Sequence[object]]], None]
CHART, BOOKS = "exchange.svg", "exchange.json"
_LONGEST = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How the years went; `seconds` counts from the start of the servers to the last check."""

    source: str
    left_out: int
    tasks: int
    people: int
    events: int
    deliveries: int
    created: int
    presses: int
    mails: int
    nights: int
    books: Books
    checks: Sequence[Check]
    requests: int
    seconds: float
    walking_seconds: float

    @property
    def holds(self) -> bool:
        """Tell whether every check holds."""
        return all(check.holds for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        plain = {
            name: getattr(self, name)
            for name in (
                *("source", "left_out", "tasks", "people", "events", "deliveries", "created"),
                *("presses", "nights", "mails", "requests"),
            )
        }
        return {
            "holds": self.holds,
            "checks": [asdict(check) for check in self.checks],
            **plain,
            "by_year": self.books.by_year,
            "totals": dict(self.books.totals),
            "company": dict(self.books.company),
            "payouts": self.books.payouts,
            "messages": dict(self.books.messages),
            "seconds": round(self.seconds, 1),
            "walking_seconds": round(self.walking_seconds, 1),
        }


def write_report(report: Report, folder: Path) -> None:
    """Write the books as JSON, and the years as a chart."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report.as_json(), indent=2, default=str)
    (folder / BOOKS).write_text(text + "\n", encoding="utf-8")
    _draw(report, folder / CHART)


def print_report(report: Report, table: Table) -> None:
    """Print the books as tables, then what was checked."""
    years = report.books.by_year
    table(
        f"The years of {report.source}",
        ["year", "done>", "fees>", "rewards>", "income>", "payouts>", "paid>", "dearest task"],
        [
            (
                row["year"],
                f"{row['completed']:,}",
                money(row["fees_minor"]),
                money(row["rewards_minor"]),
                money(row["fees_minor"] - row["rewards_minor"]),
                f"{row['payouts']:,}",
                money(row["paid_minor"]),
                _dearest(row),
            )
            for row in years
        ],
    )
    totals = report.books.totals
    table(
        "What it took",
        ["what", "how many>"],
        [
            ("tasks of the history, people", f"{report.tasks:,}, {report.people:,}"),
            ("lines left out, of a year nobody works in", f"{report.left_out:,}"),
            ("events told, and how often they came", f"{report.events:,}, {report.deliveries:,}"),
            (
                "tasks made through the API, presses of the button",
                f"{report.created}, {report.presses}",
            ),
            (
                "movements, of them on a later day than their own",
                f"{totals['movements']:,}, {totals['late']:,}",
            ),
            ("nights walked, days closed", f"{report.nights:,}, {totals['days_closed']:,}"),
            (
                "mails of payouts, received by a mail server",
                f"{report.mails:,}",
            ),
            (
                "people in the red, their debts",
                f"{totals['in_the_red']:,}, {money(totals['debt_minor'])}",
            ),
            ("messages written and carried out", f"{report.books.messages['sent']:,}"),
            ("requests", f"{report.requests:,}"),
            ("seconds, of them walking", f"{report.seconds:.1f}, {report.walking_seconds:.1f}"),
        ],
    )
    table(
        "Checks",
        ["", "what must hold", "by the numbers"],
        [("ok" if check.holds else "WRONG", check.what, check.told) for check in report.checks],
    )


def _dearest(row: Any) -> str:
    if row["dearest_minor"] is None:
        return "none"
    title = row["dearest_title"] or ""
    short = title if len(title) <= _LONGEST else f"{title[: _LONGEST - 1]}…"
    return f"{money(row['dearest_minor'])} {short}"


def _draw(report: Report, file: Path) -> None:
    """Write an SVG of income and payouts by year; the numbers are in the table and the JSON."""
    years = report.books.by_year
    chart: Any = pygal.Bar(
        js=(),
        style=STYLE,
        width=1000,
        height=560,
        title="A task exchange: fees, rewards and payouts by year",
        x_title="year",
        y_title="USD",
        legend_at_bottom=True,
        legend_at_bottom_columns=4,
        value_formatter=lambda amount: f"{amount:,.0f}",
    )
    chart.x_labels = [str(row["year"]) for row in years]
    series = {
        "fees": [row["fees_minor"] for row in years],
        "rewards": [row["rewards_minor"] for row in years],
        "payouts": [row["paid_minor"] for row in years],
        "the company's income": [row["fees_minor"] - row["rewards_minor"] for row in years],
    }
    for name, values in series.items():
        chart.add(name, [{"value": one / 100, "label": money(one)} for one in values])
    write_svg(chart, file)
