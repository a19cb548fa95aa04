"""Listings: sessions and PaymentIntents are two lists at Stripe and one of payments here."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from adapters.providers.reading import reader
from adapters.providers.stripe import wire
from adapters.providers.stripe.api import Api
from adapters.providers.stripe.known import Known, by_intent, by_session, expanded, session_of
from adapters.providers.stripe.requests import OF_INTENT, OF_SESSION
from adapters.providers.stripe.translate import is_of_checkout
from application.payments.provider import (
    ListingFailed,
    PaymentFilter,
    PaymentSnapshot,
    PaymentStatus,
)
from domain.shared.errors import InvalidValue

_LARGEST_PAGE = 100
T = TypeVar("T")
R = TypeVar("R", wire.Session, wire.PaymentIntent)


def _same(page: T) -> T:
    return page


_sessions = reader(wire.SessionPage, _same)
_intents = reader(wire.IntentPage, _same)


@dataclass(slots=True)
class _Seen:
    """What both lists have shown so far, to tell which payments only one of them shows."""

    of_sessions: set[str] = field(default_factory=set)
    of_checkout: dict[str, wire.PaymentIntent] = field(default_factory=dict)

    def late(self) -> list[wire.PaymentIntent]:
        """Return the payments of sessions that were not in the list, newest first."""
        return [one for key, one in self.of_checkout.items() if key not in self.of_sessions]


async def payments(
    api: Api, wanted: PaymentFilter
) -> AsyncGenerator[Sequence[PaymentSnapshot], None]:
    """Yield pages, newest first; bounds are whole seconds there, as instants of creation are.

    A payer may pay a day after the session was opened. So where the window has a beginning, what
    was opened before it and first tried within it comes last. Stripe lists by neither status nor
    capture: the status is picked out here, and a window of capture is refused.
    """
    if wanted.captured_from or wanted.captured_to:
        raise ListingFailed("payments cannot be listed by the time of their capture")
    if wanted.status is PaymentStatus.UNRECOGNIZED:
        raise ListingFailed(f"payments cannot be listed by the status {wanted.status}")
    size = min(max(wanted.page_size, 1), _LARGEST_PAGE)
    query = {**window(wanted.created_from, wanted.created_to), "limit": str(size)}
    seen = _Seen()
    streams = (_by_session(api, query, seen), _by_intent(api, query, seen))
    async for page in _newest_first(streams, size):
        if picked := [one for one in page if wanted.status in (None, one.status)]:
            yield picked
    if wanted.created_from is not None:
        late = [await _paid_late(api, intent) for intent in seen.late()]
        if picked := [one for one in late if wanted.status in (None, one.status)]:
            yield picked


async def _by_session(
    api: Api, query: dict[str, str], seen: _Seen
) -> AsyncGenerator[PaymentSnapshot, None]:
    """Yield our sessions; what others sell by theirs shows up as their PaymentIntent."""
    query = {**query, **expanded(f"data.{each}" for each in OF_SESSION)}
    async with aclosing(api.pages("checkout/sessions", query, read=_sessions)) as pages:
        async for page in pages:
            for session in page:
                if session.mode != "payment" or not is_of_checkout(session.metadata):
                    continue
                known = _read(by_session, session)
                if known.intent is not None:
                    seen.of_sessions.add(known.intent.id)
                yield known.shown


async def _by_intent(
    api: Api, query: dict[str, str], seen: _Seen
) -> AsyncGenerator[PaymentSnapshot, None]:
    """Yield the PaymentIntents that stand for themselves."""
    query = {**query, **expanded(f"data.{each}" for each in OF_INTENT)}
    async with aclosing(api.pages("payment_intents", query, read=_intents)) as pages:
        async for page in pages:
            for intent in page:
                if is_of_checkout(intent.metadata):
                    seen.of_checkout[intent.id] = intent
                    continue
                yield _read(by_intent, intent).shown


def _read(know: Callable[[R], Known], row: R) -> Known:
    try:
        return know(row)
    except InvalidValue as error:
        raise ListingFailed(f"payment {row.id} cannot be read: {error}") from error


async def _paid_late(api: Api, intent: wire.PaymentIntent) -> PaymentSnapshot:
    known = await session_of(api, intent)
    if not isinstance(known, Known):
        raise ListingFailed(f"the session of {intent.id} could not be read")
    return known.shown


async def _newest_first(
    streams: Sequence[AsyncGenerator[PaymentSnapshot, None]], size: int
) -> AsyncGenerator[list[PaymentSnapshot], None]:
    """Merge streams that are newest first each; all are begun before anything is yielded."""
    async with AsyncExitStack() as stack:
        for stream in streams:
            await stack.enter_async_context(aclosing(stream))
        heads = [await anext(stream, None) for stream in streams]
        page: list[PaymentSnapshot] = []
        while waiting := [(head.created_at, place) for place, head in enumerate(heads) if head]:
            _, place = max(waiting, key=lambda each: each[0])
            head, heads[place] = heads[place], await anext(streams[place], None)
            assert head is not None, "only streams with a head wait"
            page.append(head)
            if len(page) == size:
                yield page
                page = []
        if page:
            yield page


def window(start: datetime | None, end: datetime | None) -> dict[str, str]:
    """Write bounds; an instant within a second is as good as its beginning on both sides."""
    bounds = {}
    if start is not None:
        bounds["created[gte]"] = str(int(start.timestamp()))
    if end is not None:
        bounds["created[lte]"] = str(int(end.timestamp()))
    return bounds
