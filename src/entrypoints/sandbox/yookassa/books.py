"""What the emulator knows in sum: its books, its counters, and whether it has fallen silent."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from entrypoints.sandbox.faults import Armed, Faults
from entrypoints.sandbox.yookassa import wire
from entrypoints.sandbox.yookassa.shop import Shop
from entrypoints.sandbox.yookassa.store import Store

_PAGE: Final = 1000


class PaymentLine(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of the books; amounts twice, as the API writes them and in minor units."""

    id: str
    status: str
    amount: str
    currency: str
    amount_minor: int
    refunded_minor: int
    created_at: str
    captured_at: str | None
    reason: str | None
    metadata: dict[str, str]


class RefundLine(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    payment_id: str
    status: str
    amount: str
    currency: str
    amount_minor: int
    created_at: str


class PayoutLine(msgspec.Struct, frozen=True, kw_only=True):
    """One payout of the books; of the wallet it goes to, the last four digits."""

    id: str
    status: str
    amount: str
    currency: str
    amount_minor: int
    created_at: str
    wallet: str
    reason: str | None
    metadata: dict[str, str]


class Total(msgspec.Struct, frozen=True):
    status: str
    currency: str
    count: int
    amount_minor: int
    refunded_minor: int = 0


class Stats(msgspec.Struct, frozen=True):
    payments: list[Total]
    refunds: list[Total]
    payouts: list[Total]
    methods: dict[str, int]
    notifications: dict[str, int]
    requests: dict[str, int]
    faults: list[Armed]


_payment: Final = msgspec.json.Decoder(wire.Payment)
_refund: Final = msgspec.json.Decoder(wire.Refund)
_payout: Final = msgspec.json.Decoder(wire.Payout)
_line: Final = msgspec.json.Encoder()


async def payments(store: Store) -> AsyncIterator[bytes]:
    """Yield every payment, oldest first, as lines of JSON, a page at a time."""
    last = 0
    while rows := store.all(
        "SELECT number, body, amount_minor, refunded_minor FROM payment "
        "JOIN document USING (number) WHERE number > ? ORDER BY number LIMIT ?",
        last,
        _PAGE,
    ):
        last = rows[-1][0]
        yield b"".join(_payment_line(*row[1:]) for row in rows)
        await asyncio.sleep(0)


def _payment_line(body: bytes, amount_minor: int, refunded_minor: int) -> bytes:
    payment = _payment.decode(body)
    details = payment.cancellation_details
    line = PaymentLine(
        id=payment.id,
        status=payment.status,
        amount=payment.amount.value,
        currency=payment.amount.currency,
        amount_minor=amount_minor,
        refunded_minor=refunded_minor,
        created_at=payment.created_at,
        captured_at=payment.captured_at,
        reason=details.reason if details else None,
        metadata=payment.metadata,
    )
    return _line.encode(line) + b"\n"


async def refunds(store: Store) -> AsyncIterator[bytes]:
    """Yield every refund, oldest first, as lines of JSON, a page at a time."""
    last = 0
    while rows := store.all(
        "SELECT number, body, amount_minor FROM refund JOIN document USING (number) "
        "WHERE number > ? ORDER BY number LIMIT ?",
        last,
        _PAGE,
    ):
        last = rows[-1][0]
        yield b"".join(_refund_line(*row[1:]) for row in rows)
        await asyncio.sleep(0)


def _refund_line(body: bytes, amount_minor: int) -> bytes:
    refund = _refund.decode(body)
    line = RefundLine(
        id=refund.id,
        payment_id=refund.payment_id,
        status=refund.status,
        amount=refund.amount.value,
        currency=refund.amount.currency,
        amount_minor=amount_minor,
        created_at=refund.created_at,
    )
    return _line.encode(line) + b"\n"


async def payouts(store: Store) -> AsyncIterator[bytes]:
    """Yield every payout, oldest first, as lines of JSON, a page at a time."""
    last = 0
    while rows := store.all(
        "SELECT number, body, amount_minor FROM payout JOIN document USING (number) "
        "WHERE number > ? ORDER BY number LIMIT ?",
        last,
        _PAGE,
    ):
        last = rows[-1][0]
        yield b"".join(_payout_line(*row[1:]) for row in rows)
        await asyncio.sleep(0)


def _payout_line(body: bytes, amount_minor: int) -> bytes:
    payout = _payout.decode(body)
    details = payout.cancellation_details
    line = PayoutLine(
        id=payout.id,
        status=payout.status,
        amount=payout.amount.value,
        currency=payout.amount.currency,
        amount_minor=amount_minor,
        created_at=payout.created_at,
        wallet=payout.payout_destination.account_number[-4:],
        reason=details.reason if details else None,
        metadata=payout.metadata or {},
    )
    return _line.encode(line) + b"\n"


def stats(shop: Shop, faults: Faults) -> Stats:
    """Count and sum everything; walks the narrow tables only."""
    store = shop.store
    by_status = "GROUP BY status, currency ORDER BY status, currency"
    return Stats(
        payments=[
            Total(*row)
            for row in store.all(
                "SELECT status, currency, count(*), sum(amount_minor), sum(refunded_minor) "  # noqa: S608
                f"FROM payment {by_status}"
            )
        ],
        refunds=[
            Total(*row)
            for row in store.all(
                f"SELECT status, currency, count(*), sum(amount_minor) FROM refund {by_status}"  # noqa: S608
            )
        ],
        payouts=[
            Total(*row)
            for row in store.all(
                f"SELECT status, currency, count(*), sum(amount_minor) FROM payout {by_status}"  # noqa: S608
            )
        ],
        methods=_pairs(store, "SELECT status, count(*) FROM method GROUP BY status"),
        notifications={
            "queued": _one(store, "SELECT count(*) FROM notification"),
            **_pairs(store, "SELECT substr(name, 15), n FROM counter WHERE name GLOB 'noti*'"),
        },
        requests=dict(shop.requests),
        faults=faults.all(),
    )


def _one(store: Store, sql: str, *values: Any) -> int:
    row = store.one(sql, *values)
    return row[0] if row else 0


def _pairs(store: Store, sql: str) -> dict[str, int]:
    return {str(name): int(n) for name, n in store.all(sql)}
