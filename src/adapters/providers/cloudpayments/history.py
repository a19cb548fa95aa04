"""Listings, which say nothing of the order of their pages, brought into the port's order.

Pages are numbered, so they are only safe where nothing new can come into them: the upper bound is
fixed before the first one is read, and a stretch of time is read to its end before any of it is
handed out. Stretches are days, so that a shop's day is what has to be held at once.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from msgspec import UNSET, UnsetType

from adapters.providers.cloudpayments import wire
from adapters.providers.cloudpayments.api import TRANSACTIONS, Api
from adapters.providers.cloudpayments.translate import (
    number_id,
    payment_snapshot,
    refund_snapshot,
)
from application.payments.provider import (
    ListingFailed,
    NotSent,
    OutcomeUnknown,
    PaymentSnapshot,
    RefundSnapshot,
    Rejected,
)
from domain.shared.errors import InvalidValue

T = TypeVar("T")

_STRETCH = timedelta(days=1)
_SECOND = timedelta(seconds=1)
# The service began in 2014: what has no beginning is read from there in one stretch.
_FIRST_DAY = datetime(2014, 1, 1, tzinfo=UTC)
_MOST_PAGES = 10_000
_TRIES = 4
_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0

# The more a transaction has come to, the more it says of its invoice.
_WEIGHT = {"Completed": 4, "Authorized": 3, "AwaitingAuthentication": 2, "Cancelled": 1}


class History:
    """What happened on the terminal, newest first, a stretch of time at once."""

    def __init__(self, api: Api, *, sleep: Callable[[float], object] = asyncio.sleep) -> None:
        self._api = api
        self._sleep = sleep

    async def stretches(
        self,
        start: datetime | None,
        end: datetime,
        *,
        statuses: Sequence[str] = (),
    ) -> AsyncIterator[list[wire.Transaction]]:
        """Yield what was created between two instants, both included, rounded to seconds outwards.

        Raises ListingFailed when a page cannot be read.
        """
        first = (start or _FIRST_DAY).astimezone(UTC).replace(microsecond=0)
        last = end.astimezone(UTC).replace(microsecond=0)
        last += _SECOND if last < end else timedelta()
        while last >= first:
            since = first if start is None else max(first, last - _STRETCH + _SECOND)
            yield await self._read(since, last, statuses)
            last = since - _SECOND

    async def _read(
        self, since: datetime, until: datetime, statuses: Sequence[str]
    ) -> list[wire.Transaction]:
        """Read a stretch to its last page; a row seen on two pages is one row."""
        seen: dict[int, wire.Transaction] = {}
        for number in range(1, _MOST_PAGES + 1):
            page = await self._page(since, until, statuses, number)
            fresh = [row for row in page if row.transaction_id not in seen]
            seen |= {row.transaction_id: row for row in fresh}
            # A page with nothing new is the last one, whatever number it answers to.
            if not fresh:
                break
        else:
            raise ListingFailed("the listing does not end")
        return sorted(
            seen.values(),
            key=lambda row: (row.created_date_iso or "", row.transaction_id),
            reverse=True,
        )

    async def _page(
        self, since: datetime, until: datetime, statuses: Sequence[str], number: int
    ) -> list[wire.Transaction]:
        wanted: list[str] | UnsetType = list(statuses) or UNSET
        body = wire.Listing(
            created_date_gte=_zulu(since),
            created_date_lte=_zulu(until),
            page_number=number,
            statuses=wanted,
        )
        for failures in range(1, _TRIES + 1):
            match await self._api.ask("v2/payments/list", body, TRANSACTIONS):
                case Rejected(code, description):
                    raise ListingFailed(f"the listing was refused: {code}, {description}")
                case NotSent(why, retry_after) | OutcomeUnknown(why, retry_after):
                    if failures == _TRIES:
                        raise ListingFailed(f"a page of the listing could not be read: {why}")
                    pause = retry_after or _PAUSE_SECONDS * 2**failures
                    await self._pause(min(pause, _LONGEST_PAUSE_SECONDS))
                case page:
                    return page
        raise AssertionError("the last try has returned or raised")

    async def _pause(self, seconds: float) -> None:
        waiting = self._sleep(seconds)
        if asyncio.iscoroutine(waiting):
            await waiting


def told_of(transactions: Sequence[wire.Transaction]) -> wire.Transaction | None:
    """Return the transaction that says how an invoice stands: money first, then the newest."""
    payments = [row for row in transactions if row.type == wire.PAYMENT]
    return max(
        payments,
        key=lambda row: (_WEIGHT.get(row.status, 0), row.transaction_id),
        default=None,
    )


def payments_among(rows: Sequence[wire.Transaction]) -> list[PaymentSnapshot]:
    """Translate the payments, in their order; raise ListingFailed for one that cannot be read.

    Of the several a payer has tried for one invoice the one that says most remains; a second one
    that took money is not hidden behind the first: it goes by a number of its own.
    """
    return [
        _read(payment_snapshot, row, external_id=number_id(row.transaction_id) if twice else None)
        for row, twice in _one_per_invoice(rows)
    ]


def refunds_among(rows: Sequence[wire.Transaction]) -> list[RefundSnapshot]:
    """Translate the refunds, in their order; raise ListingFailed for one that cannot be read."""
    return [_read(refund_snapshot, row) for row in rows if row.type == wire.REFUND]


def _read(translate: Callable[..., T], row: wire.Transaction, **more: object) -> T:
    try:
        return translate(row, **more)
    except (ValueError, ArithmeticError, InvalidValue) as error:
        raise ListingFailed(f"transaction {row.transaction_id} cannot be read") from error


def _one_per_invoice(
    rows: Sequence[wire.Transaction],
) -> Iterator[tuple[wire.Transaction, bool]]:
    """Yield payments in their order, each with whether it is money that came twice."""
    by_invoice: defaultdict[str, list[wire.Transaction]] = defaultdict(list)
    for row in rows:
        if row.type == wire.PAYMENT and row.invoice_id:
            by_invoice[row.invoice_id].append(row)
    best = {invoice: _first_paid(tried) for invoice, tried in by_invoice.items()}
    for row in rows:
        if row.type != wire.PAYMENT:
            continue
        if row.invoice_id is None or row is best[row.invoice_id]:
            yield row, False
        elif row.status == "Completed":
            yield row, True


def _first_paid(tried: Sequence[wire.Transaction]) -> wire.Transaction:
    paid = [row for row in tried if row.status == "Completed"]
    if paid:
        return min(paid, key=lambda row: row.transaction_id)
    found = told_of(tried)
    assert found is not None, "there is at least one"
    return found


def _zulu(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
