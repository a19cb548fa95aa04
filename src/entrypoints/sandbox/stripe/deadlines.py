"""What happens by itself when business time has passed it."""

from typing import Final

from entrypoints.sandbox.stripe import objects, payments, sessions
from entrypoints.sandbox.stripe.platform import Platform

_CHUNK: Final = 500


def apply_due(platform: Platform, now_ms: int) -> int:
    """Expire every session and every hold whose time is up; return how many.

    Runs before every request and, when nobody asks, on the sender's beat, so that nobody ever sees
    a payment that should have been over.
    """
    applied = 0
    while due := platform.store.all(
        "SELECT number, deadline_ms FROM document "
        "WHERE deadline_ms IS NOT NULL AND deadline_ms <= ? ORDER BY deadline_ms LIMIT ?",
        now_ms,
        _CHUNK,
    ):
        with platform.store.transaction():
            for number, deadline_ms in due:
                kept = objects.at(platform.store, number)
                if kept.kind == "checkout.session":
                    sessions.close(platform, kept, deadline_ms)
                else:
                    payments.let_go(platform, kept, "automatic", deadline_ms)
        applied += len(due)
    return applied
