"""The chart: revenue by month, and how many belong to the club."""

import math
from pathlib import Path
from typing import Any

import pygal
from pygal.etree import etree
from pygal.style import Style

from entrypoints.demo.books import Books
from entrypoints.demo.checks import usd

STYLE = Style(
    background="white",
    plot_background="white",
    font_family="sans-serif",
    colors=("#1f5fbf", "#2e8b57", "#d2691e", "#999999"),
    title_font_size=20,
    legend_font_size=14,
    label_font_size=12,
    major_label_font_size=12,
)


def draw_chart(books: Books, file: Path) -> None:
    """Write an SVG that needs nothing from anywhere: no scripts, no fonts, no network."""
    months = books.months
    chart: Any = pygal.Line(
        # Both axes begin at nothing, or the two halves of the picture could not be compared.
        range=(0, _round_up(max(max(m.purchases_minor, m.renewals_minor) for m in months) / 100)),
        secondary_range=(0, _round_up(max(m.standing("active") for m in months))),
        js=(),
        style=STYLE,
        width=1000,
        height=560,
        title="A shop's revenue and its club, by month",
        x_title="month",
        y_title="revenue, USD",
        x_label_rotation=45,
        legend_at_bottom=True,
        legend_at_bottom_columns=4,
        show_minor_x_labels=True,
        dots_size=3,
        stroke_style={"width": 2},
        value_formatter=lambda amount: f"{amount:,.0f}",
    )
    chart.x_labels = [month.month for month in months]
    chart.add("purchases, USD", [_point(month.purchases_minor) for month in months])
    chart.add("renewals, USD", [_point(month.renewals_minor) for month in months])
    chart.add("active members (right)", [m.standing("active") for m in months], secondary=True)
    chart.add("past due (right)", [m.standing("past_due") for m in months], secondary=True)
    write_svg(chart, file)


def write_svg(chart: Any, file: Path) -> None:
    """Write a chart without the settings of scripts that are not here."""
    root = chart.render_tree()
    for parent in list(root.iter()):
        for script in parent.findall("script"):
            parent.remove(script)
    file.write_bytes(etree.tostring(root, encoding="utf-8"))


def _round_up(value: float) -> int:
    """Return the next round number, so that the axis ends on it."""
    step: int = 10 ** max(len(str(int(value))) - 1, 0)
    return step * max(1, math.ceil(value / step))


def _point(amount_minor: int) -> dict[str, Any]:
    return {"value": amount_minor / 100, "label": usd(amount_minor)}
