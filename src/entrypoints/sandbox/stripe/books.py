"""What the emulator knows in sum: its payments and refunds, as lines of JSON."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import msgspec

from entrypoints.sandbox.stripe.objects import Shown
from entrypoints.sandbox.stripe.store import Store

_PAGE: Final = 1000


async def lines(store: Store, kind: str, line: Callable[[Shown], Shown]) -> AsyncIterator[bytes]:
    """Yield every object of a kind, oldest first, a page at a time."""
    last = 0
    while rows := store.all(
        "SELECT number, body FROM document WHERE kind = ? AND number > ? ORDER BY number LIMIT ?",
        kind,
        last,
        _PAGE,
    ):
        last = rows[-1][0]
        yield b"".join(msgspec.json.encode(line(_read(row[1]))) + b"\n" for row in rows)
        await asyncio.sleep(0)


def session_line(shown: Shown) -> Shown:
    """Show a session."""
    return _picked(
        shown, "id", "status", "payment_intent", "amount_total", "currency", "created", "metadata"
    )


def payment_line(shown: Shown) -> Shown:
    """Show a PaymentIntent; `error` is why its last try failed."""
    error = shown["last_payment_error"] or {}
    line = _picked(
        shown, "id", "status", "amount", "amount_received", "currency", "created", "metadata"
    )
    return {**line, "error": error.get("decline_code") or error.get("code")}


def refund_line(shown: Shown) -> Shown:
    """Show a refund."""
    return _picked(shown, "id", "payment_intent", "status", "amount", "currency", "created")


def _picked(shown: Shown, *names: str) -> Shown:
    return {name: shown[name] for name in names}


def _read(body: bytes) -> Shown:
    return msgspec.json.decode(body, type=dict[str, Any])
