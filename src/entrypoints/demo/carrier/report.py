"""Print the books of the week, and write them and a chart to files."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pygal

from entrypoints.demo.carrier.books import Books
from entrypoints.demo.chart import STYLE, write_svg
from entrypoints.demo.checks import Check

Table = Callable[[str, Sequence[str], Iterable[Sequence[object]]], None]
CHART, BOOKS = "operators.svg", "operators.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How the week went; `seconds` counts from the start of the servers to the last check."""

    books: Books
    checks: Sequence[Check]
    found_in_records: Mapping[str, int]
    requests: int
    seconds: float
    walking_seconds: float

    @property
    def holds(self) -> bool:
        """Tell whether every check holds."""
        return all(check.holds for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "holds": self.holds,
            "checks": [asdict(check) for check in self.checks],
            "operators": [
                {
                    "operator": line.operator.code,
                    "currency": line.operator.price.currency.code,
                    "sent": line.sent,
                    **{name: value for name, value in line.figures.items() if name != "code"},
                    "billed": line.billed,
                    "billed_minor": line.billed_minor,
                }
                for line in self.books.lines
            ],
            "waiting": self.books.waiting,
            "found_in_records": dict(self.found_in_records),
            "requests": self.requests,
            "messages": dict(self.books.messages),
            "seconds": round(self.seconds, 1),
            "walking_seconds": round(self.walking_seconds, 1),
        }


def write_report(report: Report, folder: Path) -> None:
    """Write the books as JSON, and paid charges by day as a chart."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report.as_json(), indent=2, default=str)
    (folder / BOOKS).write_text(text + "\n", encoding="utf-8")
    _draw(report.books, folder / CHART)


def print_report(report: Report, table: Table) -> None:
    """Print the books as tables, then what was checked."""
    lines = report.books.lines
    table(
        "The week by operator",
        ["operator", "mode", "orders>", "rejected>", "on a list>", "unsubscribed>", "active>"],
        [
            (
                line.operator.name,
                line.operator.mode,
                f"{line.figures['orders']:,}",
                *(
                    f"{line.figures[name]:,}"
                    for name in ("rejected", "listed", "unsubscribed", "active")
                ),
            )
            for line in lines
        ],
    )
    table(
        "Charges, and the ledger beside the operators' own billing records",
        ["operator", "paid>", "failed>", "retries>", "open>", "in the ledger>", "billed there>"],
        [
            (
                line.operator.name,
                *(f"{line.figures[name]:,}" for name in ("paid", "failed", "retried", "open")),
                line.money(line.figures["ledger_minor"]),
                line.money(line.billed_minor),
            )
            for line in lines
        ],
    )
    found = report.found_in_records
    table(
        "What it took",
        ["what", "how many>"],
        [
            ("messages written and carried out", f"{report.books.messages['sent']:,}"),
            ("callbacks received", f"{report.books.messages['notifications']:,}"),
            ("requests the company made", f"{report.requests:,}"),
            ("charges only the billing records told of", f"{found['reported']:,}"),
            ("charges the records proved not billed", f"{found['not_billed']:,}"),
            ("reports that wait for a person", f"{report.books.waiting:,}"),
            ("seconds, of them walking", f"{report.seconds:.1f}, {report.walking_seconds:.1f}"),
        ],
    )
    table(
        "Checks",
        ["", "what must hold", "by the numbers"],
        [("ok" if check.holds else "WRONG", check.what, check.told) for check in report.checks],
    )


def _draw(books: Books, file: Path) -> None:
    days = sorted({row["day"] for row in books.by_day})
    paid = {(row["operator"], row["day"]): row["paid"] for row in books.by_day}
    chart: Any = pygal.Line(
        js=(),
        style=STYLE,
        width=1000,
        height=480,
        title="Paid charges by day and operator",
        x_title="day, UTC",
        y_title="charges",
        include_x_axis=True,
        legend_at_bottom=True,
        dots_size=3,
        stroke_style={"width": 2},
    )
    chart.x_labels = [f"{day:%a %d}" for day in days]
    for line in books.lines:
        code = line.operator.code
        chart.add(line.operator.name, [paid.get((code, day), 0) for day in days])
    write_svg(chart, file)
