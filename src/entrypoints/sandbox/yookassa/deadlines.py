"""What happens by itself when business time has passed it."""

from entrypoints.sandbox.yookassa import entries, machine, payments, payouts
from entrypoints.sandbox.yookassa.entries import Entry
from entrypoints.sandbox.yookassa.shop import Shop

_CHUNK = 500


def apply_due(shop: Shop, now_ms: int) -> int:
    """Expire or finish every payment, payout and binding whose deadline has come; return how many.

    Runs before every request and, when nobody asks, on the sender's beat, so that nobody ever sees
    a payment that should have been over.
    """
    applied = 0
    while due := _due(shop, now_ms):
        with shop.store.transaction():
            for number, deadline_ms in due:
                _apply(shop, entries.at(shop.store, number), deadline_ms)
        applied += len(due)
    applied += payouts.apply_due(shop, now_ms)
    applied += shop.store.run(
        "UPDATE method SET status = 'inactive', deadline_ms = NULL "
        "WHERE status = 'pending' AND deadline_ms <= ?",
        now_ms,
    )
    return applied


def _due(shop: Shop, now_ms: int) -> list[tuple[int, int]]:
    rows = shop.store.all(
        "SELECT number, deadline_ms FROM payment "
        "WHERE deadline_ms IS NOT NULL AND deadline_ms <= ? ORDER BY deadline_ms LIMIT ?",
        now_ms,
        _CHUNK,
    )
    return [(number, deadline_ms) for number, deadline_ms in rows]


def _apply(shop: Shop, entry: Entry, deadline_ms: int) -> None:
    if entry.hidden.at_deadline == "pay" and entry.payment.status == "pending":
        entry = payments.taken(shop, entry, deadline_ms)
    else:
        entry = machine.expire(entry)
    payments.changed(shop, entry, deadline_ms)
