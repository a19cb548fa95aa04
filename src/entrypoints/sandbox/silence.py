"""Whether an emulator has told everything that it has to tell by now."""

from typing import Any

import msgspec

from entrypoints.sandbox.sender import Mailbag
from entrypoints.sandbox.store import Store


class Idle(msgspec.Struct, frozen=True):
    """`idle` is true when nothing is being sent and nothing is due to be.

    `due` counts notifications not sent even once; `retrying` those refused before, which wait for
    their redelivery; `later` those whose business time has not come.
    """

    idle: bool
    sending: int
    due: int
    retrying: int
    later: int


def idle(bag: Mailbag, now_ms: int) -> Idle:
    """Tell whether every notification that is due has been sent."""
    store = bag.store
    sending = max(
        bag.in_flight,
        _one(store, "SELECT count(*) FROM notification WHERE state = 'sending'"),
    )
    queued = "SELECT count(*) FROM notification WHERE state = 'queued' AND "
    come = _one(
        store,
        "SELECT count(*) FROM notification WHERE state = 'later' AND due_ms <= ?",
        now_ms,
    )
    due = _one(store, queued + "failures = 0") + come
    retrying = _one(store, queued + "failures > 0")
    overdue = _one(store, queued + "failures > 0 AND due_machine <= ?", bag.machine_time())
    later = _one(store, "SELECT count(*) FROM notification WHERE state = 'later'") - come
    return Idle(not (sending or due or overdue), sending, due, retrying, later)


def _one(store: Store, sql: str, *values: Any) -> int:
    row = store.one(sql, *values)
    return row[0] if row else 0
