"""Measure sides in turn, so that a machine that drifts slows all of them alike."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

Side = Callable[[], Awaitable[float]]
"""Runs once and returns its rate, in things per second."""


@dataclass(frozen=True)
class Rates:
    """What a side did in each round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.rounds)

    @property
    def spread(self) -> float:
        """The widest distance from the median, as a share of it."""
        return max(abs(rate - self.median) for rate in self.rounds) / self.median


async def interleaved(sides: Mapping[str, Side], rounds: int) -> dict[str, Rates]:
    """Run every side once per round, after a round that warms up and is not counted."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            rate = await side()
            if number:
                found[name].append(rate)
    return {name: Rates(tuple(rates)) for name, rates in found.items()}


@dataclass(frozen=True)
class Goal:
    """A ratio that is aimed at, and the two sides it is made of."""

    name: str
    ours: str
    theirs: str
    least: float


def show(title: str, rates: Mapping[str, Rates], goals: list[Goal]) -> None:
    """Print the sides relative to the first, then each goal with its verdict."""
    console = Console()
    base = next(iter(rates.values())).median
    sides = Table(title=title, title_justify="left")
    for heading in ("side", "ratio", "spread"):
        sides.add_column(heading, justify="left" if heading == "side" else "right")
    for name, one in rates.items():
        sides.add_row(name, f"{one.median / base:.2f}", f"± {one.spread:.0%}")
    console.print(sides)
    for goal in goals:
        ratio = rates[goal.ours].median / rates[goal.theirs].median
        verdict = "reached" if ratio >= goal.least else "MISSED"
        console.print(f"{goal.name}: {ratio:.2f}, aimed at {goal.least:g}: {verdict}")
