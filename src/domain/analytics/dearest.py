"""The dearest task: the highest price among tasks completed in a stretch of days.

Of two tasks the one with the higher price is dearer, then the one completed earlier, then the one
with the smaller id. That is a total order, so the dearer of two is a semilattice: told twice, in
any order and in any grouping, tasks come to the same one; and the dearest of a period is the
dearest of its days.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedTask:
    """A task that was completed, and what its completion was paid."""

    price_minor: int
    completed_at: datetime
    task_id: UUID


def dearer(one: ClosedTask | None, other: ClosedTask | None) -> ClosedTask | None:
    """Return the dearer of two; None, which is no task, is the least."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=_rank)


def dearest(tasks: Iterable[ClosedTask]) -> ClosedTask | None:
    """Return the dearest of tasks; None when there is none."""
    nothing: ClosedTask | None = None
    return reduce(dearer, tasks, nothing)


def _rank(task: ClosedTask) -> tuple[int, datetime, UUID]:
    return -task.price_minor, task.completed_at, task.task_id
