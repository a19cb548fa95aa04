"""Stripe's HTTP API: authentication, idempotency keys, refusals, declines, and pages by cursor."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from adapters.providers.pages import Failure, Sleep, read_page
from adapters.providers.reading import readable, reader, refused
from adapters.providers.stripe import wire
from adapters.providers.stripe.forms import Value, encode
from adapters.providers.stripe.reasons import decline_for
from adapters.providers.stripe.settings import API_VERSION, StripeSettings
from adapters.providers.stripe.translate import CODE, intent_snapshot
from adapters.providers.transport import Answer, Transport
from application.payments.provider import (
    Declined,
    ListingFailed,
    NotSent,
    OutcomeUnknown,
    PaymentSnapshot,
    Rejected,
)
from domain.shared.errors import InvalidValue

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# Stripe's own limit; visible ASCII, because it travels in a header.
_KEY = re.compile(r"[!-~]{1,255}")
_LARGEST_PAGE = 100


class Identified(Protocol):
    """An object of a listing."""

    @property
    def id(self) -> str:
        """Where the next page begins after it."""
        ...


Row = TypeVar("Row", bound=Identified)


class Page(Protocol[T_co]):
    """One page of a listing."""

    @property
    def data(self) -> Sequence[T_co]:
        """The objects."""
        ...

    @property
    def has_more(self) -> bool:
        """Tell whether there is another page."""
        ...


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What a request made; `is_replayed` tells that it was made by an earlier one with this key.

    A replay is the first answer, word for word: what happened since is not in it.
    """

    shown: T
    is_replayed: bool


def _same(body: wire.ErrorBody) -> wire.ErrorBody:
    return body


_error = reader(wire.ErrorBody, _same)


class Api:
    """One account's access to the API; answers are read objects or the port's failures."""

    def __init__(self, settings: StripeSettings, *, sleep: Sleep = asyncio.sleep) -> None:
        self._http = Transport(
            CODE,
            settings.base_url,
            headers={
                "authorization": f"Bearer {settings.secret}",
                "stripe-version": API_VERSION,
                "user-agent": "kazna",
            },
            limits=settings.http,
        )
        self._sleep = sleep

    async def post(
        self, path: str, fields: Mapping[str, Value], *, key: str, read: Callable[[bytes], T]
    ) -> Done[T] | Declined | Failure:
        """Ask for something to be done once per key, however often this is called."""
        if not _KEY.fullmatch(key):
            return refused("an idempotency key is 1 to 255 visible ASCII characters", "key")
        reply = await self._http.send(
            "POST",
            path,
            headers={
                "idempotency-key": key,
                "content-type": "application/x-www-form-urlencoded",
            },
            body=encode(fields),
        )
        answer = _understood(reply, read)
        if isinstance(answer, Declined | Rejected | NotSent | OutcomeUnknown):
            return answer
        assert isinstance(reply, Answer), "only an answer was understood"
        return Done(answer, reply.headers.get("idempotent-replayed") == "true")

    async def get(
        self,
        path: str,
        *,
        read: Callable[[bytes], T],
        query: Mapping[str, str] | None = None,
    ) -> T | Failure:
        """Ask for what there is; nothing changes, whatever the answer."""
        answer = _understood(await self._http.send("GET", path, query=query), read)
        if isinstance(answer, Declined):
            return OutcomeUnknown("a question was answered with a decline")
        return answer

    async def pages(
        self, path: str, query: Mapping[str, str], *, read: Callable[[bytes], Page[Row]]
    ) -> AsyncGenerator[Sequence[Row], None]:
        """Follow the cursor to the last page; raise ListingFailed when one cannot be read."""
        place = {"limit": str(_LARGEST_PAGE), **query}
        while True:
            page = await read_page(
                path, partial(self.get, path, read=read, query=place), sleep=self._sleep
            )
            yield page.data
            if not page.has_more:
                return
            if not page.data or page.data[-1].id == place.get("starting_after"):
                raise ListingFailed(f"the listing of {path} goes on without going on")
            place = {**place, "starting_after": page.data[-1].id}

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _understood(
    reply: Answer | NotSent | OutcomeUnknown, read: Callable[[bytes], T]
) -> T | Declined | Failure:
    if not isinstance(reply, Answer):
        return reply
    if reply.is_refusal:
        return _refusal(reply)
    result = readable(read, reply.body)
    return OutcomeUnknown("the answer cannot be read") if result is None else result


def _refusal(answer: Answer) -> Declined | Rejected | OutcomeUnknown:
    denied = answer.status in (401, 403)
    body = readable(_error, answer.body)
    if body is None and denied:
        return Rejected("access_denied", f"status {answer.status}", access_denied=True)
    if body is None:
        # A page of some machine in between: Stripe itself has said nothing about the request.
        return OutcomeUnknown(f"the gateway answered {answer.status} in words that are not its own")
    error = body.error
    if answer.status == 402:
        return Declined(decline_for(_as_payment_error(error)), _shown(error.payment_intent))
    return Rejected(
        error.code or error.type,
        error.message or "",
        error.param,
        access_denied=denied,
        key_conflict=error.type == "idempotency_error",
    )


def _as_payment_error(error: wire.Failure) -> wire.PaymentError:
    return wire.PaymentError(error.type, error.code, error.decline_code)


def _shown(intent: wire.PaymentIntent | None) -> PaymentSnapshot | None:
    """Translate the payment that a decline shows; a decline stands without it too."""
    try:
        return intent_snapshot(intent) if intent else None
    except InvalidValue:
        return None
