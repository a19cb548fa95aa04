"""How notifications travel: lost, doubled, late and out of order, as a configuration draws it."""

from collections.abc import Iterator
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from entrypoints.sandbox.chance import draw, hits
from entrypoints.sandbox.store import Store

Percent = Annotated[float, Meta(ge=0, le=100)]
Seconds = Annotated[float, Meta(ge=0)]


class Roads(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How badly notifications travel.

    `delay_seconds` is business time (a notification days late); `shuffle_seconds` and
    `retry_seconds` are machine time. The n-th redelivery waits the n-th of `retry_seconds`, the
    last one repeats; 24 hours of business time after the event the sender gives up.
    """

    lost_percent: Percent = 0
    duplicate_percent: Percent = 0
    shuffle_seconds: Seconds = 0
    delay_seconds: Seconds = 0
    retry_seconds: Annotated[tuple[Seconds, ...], Meta(min_length=1)] = (1, 5, 30, 120, 600)
    timeout_seconds: Annotated[float, Meta(gt=0)] = 10
    concurrency: Annotated[int, Meta(ge=1, le=256)] = 16


class Departure(NamedTuple):
    """One copy of a notification: its number in the queue, and when it may leave."""

    number: int
    state: str
    due_ms: int
    due_machine: float


def departures(
    store: Store, roads: Roads, seed: int, *, at_ms: int, machine_time: float
) -> Iterator[Departure]:
    """Yield a notification's copies: one, two, or none where it is lost on its way."""
    number = store.next_number()
    if hits(roads.lost_percent, seed, "lost", number):
        store.count(notifications_lost=1)
        return
    numbers = [number]
    if hits(roads.duplicate_percent, seed, "duplicate", number):
        numbers.append(store.next_number())
        store.count(notifications_duplicated=1)
    due_ms = at_ms + int(roads.delay_seconds * 1000)
    for each in numbers:
        shuffled = roads.shuffle_seconds * draw(seed, "shuffle", each)
        state = "later" if due_ms > at_ms else "queued"
        yield Departure(each, state, due_ms, machine_time + shuffled)
