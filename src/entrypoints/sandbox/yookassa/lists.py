"""Lists, newest first, paged by an opaque cursor that new objects do not shift."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final

from entrypoints.sandbox.moments import THREE_YEARS_MS, from_iso
from entrypoints.sandbox.yookassa.call import Answer, Call
from entrypoints.sandbox.yookassa.errors import invalid_request
from entrypoints.sandbox.yookassa.shop import Shop

_OPERATORS: Final = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}
_DEFAULT_LIMIT: Final = 10
_GREATEST_LIMIT: Final = 100
_PAYMENT_STATUSES: Final = ("pending", "waiting_for_capture", "succeeded", "canceled")
_REFUND_STATUSES: Final = ("pending", "succeeded", "canceled")

_PAYOUT_STATUSES: Final = ("pending", "succeeded", "canceled")

_Where = list[tuple[str, Any]]


def payments(shop: Shop, call: Call) -> Answer:
    """List payments by creation and capture time, status and method."""
    where = _times(call.query, "created_at", "created_ms")
    captured = _times(call.query, "captured_at", "captured_ms")
    where += captured + _status(call.query, _PAYMENT_STATUSES)
    if method := call.query.get("payment_method"):
        where.append(("method = ?", method))
    if captured:
        where += _created_around(shop, captured)
    unsettled = call.query.get("status") in ("pending", "waiting_for_capture", "canceled")
    index = "payment_unsettled" if unsettled else "payment_created"
    if unsettled:
        where.append(("status <> 'succeeded'", None))
    return _page(shop, call, f"payment INDEXED BY {index}", where)


def _created_around(shop: Shop, captured: _Where) -> _Where:
    """Bound the walk by creation time: no payment was captured longer after its creation."""
    longest = shop.store.longest_capture_ms
    bounds: _Where = []
    for clause, moment_ms in captured:
        if ">" in clause:
            bounds.append(("created_ms >= ?", moment_ms - longest))
        else:
            bounds.append(("created_ms <= ?", moment_ms))
    return bounds


def refunds(shop: Shop, call: Call) -> Answer:
    """List refunds by payment, creation time and status."""
    where = _times(call.query, "created_at", "created_ms")
    where += _status(call.query, _REFUND_STATUSES)
    index = "refund_created"
    if payment_id := call.query.get("payment_id"):
        where.append(("payment_id = ?", payment_id))
        index = "refund_payment"
    return _page(shop, call, f"refund INDEXED BY {index}", where)


def payouts(shop: Shop, call: Call) -> Answer:
    """List payouts by creation time and status."""
    where = _times(call.query, "created_at", "created_ms")
    where += _status(call.query, _PAYOUT_STATUSES)
    return _page(shop, call, "payout INDEXED BY payout_created", where)


def receipts(shop: Shop, call: Call) -> Answer:
    """List receipts by creation time and by the payment or refund they belong to."""
    where = [("kind = ?", "receipt"), *_times(call.query, "created_at", "created_ms")]
    if owner := call.query.get("payment_id") or call.query.get("refund_id"):
        where.append(("owner = ?", owner))
    return _page(shop, call, "listed", where)


def _page(shop: Shop, call: Call, source: str, where: _Where) -> Answer:
    limit = _limit(call.query)
    where = [("created_ms >= ?", call.at_ms - THREE_YEARS_MS), *where]
    clauses = [clause for clause, _ in where]
    values = [value for _, value in where if value is not None]
    if cursor := call.query.get("cursor"):
        clauses.append("(created_ms, number) < (?, ?)")
        values += _opened(cursor)
    sql = (
        f"SELECT number, created_ms FROM {source} WHERE {' AND '.join(clauses)} "  # noqa: S608
        "ORDER BY created_ms DESC, number DESC LIMIT ?"
    )
    rows = shop.store.all(sql, *values, limit + 1)
    page = rows[:limit]
    items = b",".join(_body(shop, number) for number, _ in page)
    tail = b""
    if len(rows) > limit:
        tail = b',"next_cursor":"' + _sealed(page[-1][1], page[-1][0]) + b'"'
    return Answer(b'{"type":"list","items":[' + items + b"]" + tail + b"}")


def _body(shop: Shop, number: int) -> bytes:
    row = shop.store.one("SELECT body FROM document WHERE number = ?", number)
    assert row is not None
    body: bytes = row[0]
    return body


def _times(query: Mapping[str, str], parameter: str, column: str) -> _Where:
    where: _Where = []
    for name, operator in _OPERATORS.items():
        text = query.get(f"{parameter}.{name}")
        if text is None:
            continue
        try:
            # A plus sign that was not percent-encoded arrives as a space.
            moment_ms = from_iso(text.replace(" ", "+"))
        except (ValueError, OverflowError) as error:
            raise invalid_request("Incorrect date format", f"{parameter}.{name}") from error
        where.append((f"{column} {operator} ?", moment_ms))
    return where


def _status(query: Mapping[str, str], known: tuple[str, ...]) -> _Where:
    status = query.get("status")
    if status is None:
        return []
    if status not in known:
        raise invalid_request("Incorrect status", "status")
    return [("status = ?", status)]


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit")
    if text is None:
        return _DEFAULT_LIMIT
    limit = int(text) if re.fullmatch(r"[0-9]{1,4}", text) else 0
    if not 1 <= limit <= _GREATEST_LIMIT:
        raise invalid_request(f"Limit must be from 1 to {_GREATEST_LIMIT}", "limit")
    return limit


def _sealed(created_ms: int, number: int) -> bytes:
    return urlsafe_b64encode(f"{created_ms}:{number}".encode())


def _opened(cursor: str) -> tuple[int, int]:
    try:
        created_ms, number = map(int, urlsafe_b64decode(cursor.encode()).decode().split(":"))
        if max(abs(created_ms), abs(number)) >= 2**63:
            raise ValueError("beyond what a cursor of ours can hold")
        return created_ms, number
    except ValueError as error:
        raise invalid_request("Incorrect cursor", "cursor") from error
