"""Notifications are written in the transaction of their cause; faults of the road strike here."""

from entrypoints.sandbox.chance import draw, hits
from entrypoints.sandbox.operators.dialect import Draft, Told
from entrypoints.sandbox.operators.network import Network


def tell(network: Network, told: Told, *, due_ms: int | None = None) -> None:
    """Queue a notification, once, twice or never as the configuration's draws decide.

    `due_ms` is when it leaves at the earliest, in business time; by default after the configured
    delay. Nothing is queued where the network has no address to call.
    """
    if not network.account.callback_url:
        return
    store, seed = network.store, network.behaviour.seed
    travel = network.behaviour.notifications
    number = store.next_number()
    if hits(travel.lost_percent, seed, "lost", number):
        store.count(notifications_lost=1)
        return
    now_ms = network.clock.now_ms()
    if due_ms is None:
        due_ms = now_ms + int(travel.delay_seconds * 1000)
    draft = network.dialect.compose(told)
    _queue(network, type(told).__name__, draft, number, now_ms, due_ms)
    if hits(travel.duplicate_percent, seed, "duplicate", number):
        _queue(network, type(told).__name__, draft, store.next_number(), now_ms, due_ms)
        store.count(notifications_duplicated=1)


def tell_surely(network: Network, told: Told, *, times: int = 1) -> None:
    """Queue a notification now, past every fault of the road: what somebody asked for by hand."""
    if not network.account.callback_url:
        return
    now_ms = network.clock.now_ms()
    draft = network.dialect.compose(told)
    for _ in range(times):
        number = network.store.next_number()
        _queue(network, type(told).__name__, draft, number, now_ms, now_ms)


def _queue(
    network: Network, event: str, draft: Draft, number: int, now_ms: int, due_ms: int
) -> None:
    behaviour = network.behaviour
    shuffled = behaviour.notifications.shuffle_seconds * draw(behaviour.seed, "shuffle", number)
    network.store.run(
        "INSERT INTO notification (number, state, event, method, url, content_type, body, "
        "born_ms, due_ms, due_machine) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        number,
        "later" if due_ms > now_ms else "queued",
        event,
        *draft,
        now_ms,
        due_ms,
        network.machine_time() + shuffled,
    )
    network.bell.set()
