"""YooKassa's HTTP API: authentication, idempotence keys, refusals, and pages by cursor."""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from adapters.providers.pages import Failure, Sleep, read_page
from adapters.providers.reading import readable, refused
from adapters.providers.transport import Answer, Transport
from adapters.providers.yookassa import wire
from adapters.providers.yookassa.settings import YooKassaSettings
from adapters.providers.yookassa.translate import CODE
from application.payments.provider import ListingFailed, NotSent, OutcomeUnknown, Rejected

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# The gateway's own limit; visible ASCII, because it travels in a header.
_KEY = re.compile(r"[!-~]{1,64}")

_ENCODE = msgspec.json.Encoder().encode
_ERROR = msgspec.json.Decoder(wire.ErrorBody)


class Page(Protocol[T_co]):
    """One page of a listing."""

    @property
    def items(self) -> Sequence[T_co]:
        """The objects."""
        ...

    @property
    def next_cursor(self) -> str | None:
        """Where the next page begins; None on the last."""
        ...


class Api:
    """One shop's access to the API; answers are read objects or the port's failures."""

    def __init__(self, settings: YooKassaSettings, *, sleep: Sleep = asyncio.sleep) -> None:
        pair = f"{settings.shop_id}:{settings.secret}".encode("ascii")
        self._http = Transport(
            CODE,
            settings.base_url,
            headers={
                "authorization": f"Basic {b64encode(pair).decode('ascii')}",
                "user-agent": "kazna",
            },
            limits=settings.http,
            retry_hint=_retry_after_seconds,
        )
        self._sleep = sleep

    async def post(
        self, path: str, body: msgspec.Struct, *, key: str, read: Callable[[bytes], T]
    ) -> T | Failure:
        """Ask for something to be done once per key, however often this is called."""
        if not _KEY.fullmatch(key):
            return refused("an idempotence key is 1 to 64 visible ASCII characters", "key")
        reply = await self._http.send(
            "POST",
            path,
            headers={"idempotence-key": key, "content-type": "application/json"},
            body=_ENCODE(body),
        )
        return _understood(reply, read)

    async def get(
        self,
        path: str,
        *,
        read: Callable[[bytes], T],
        query: Mapping[str, str] | None = None,
    ) -> T | Failure:
        """Ask for what there is; nothing changes, whatever the answer."""
        return _understood(await self._http.send("GET", path, query=query), read)

    async def pages(
        self, path: str, query: Mapping[str, str], *, read: Callable[[bytes], Page[T]]
    ) -> AsyncIterator[Sequence[T]]:
        """Follow the cursor to the last page; raise ListingFailed when one cannot be read."""
        seen: set[str] = set()
        cursor: str | None = None
        while True:
            page = await self._page(path, query, cursor, read)
            yield page.items
            cursor = page.next_cursor
            if cursor is None:
                return
            if cursor in seen:
                raise ListingFailed(f"the listing of {path} turns in a circle")
            seen.add(cursor)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _page(
        self,
        path: str,
        query: Mapping[str, str],
        cursor: str | None,
        read: Callable[[bytes], Page[T]],
    ) -> Page[T]:
        place = query if cursor is None else {**query, "cursor": cursor}
        return await read_page(
            path, lambda: self.get(path, read=read, query=place), sleep=self._sleep
        )


def _understood(
    reply: Answer | NotSent | OutcomeUnknown, read: Callable[[bytes], T]
) -> T | Failure:
    if not isinstance(reply, Answer):
        return reply
    if reply.is_refusal:
        return _refusal(reply)
    result = readable(read, reply.body)
    return OutcomeUnknown("the answer cannot be read") if result is None else result


def _refusal(answer: Answer) -> Rejected | OutcomeUnknown:
    denied = answer.status in (401, 403)
    error = readable(_ERROR.decode, answer.body)
    if error is not None:
        description = error.description or ""
        return Rejected(
            error.code,
            description,
            error.parameter,
            access_denied=denied,
            key_conflict=_tells_of_used_key(description.casefold()),
        )
    if denied:
        return Rejected("access_denied", f"status {answer.status}", access_denied=True)
    # A page of some machine in between: the gateway itself has said nothing about the request.
    return OutcomeUnknown(f"the gateway answered {answer.status} in words that are not its own")


def _tells_of_used_key(description: str) -> bool:
    return "idempotence key" in description and "duplicat" in description


def _retry_after_seconds(body: bytes) -> float | None:
    error = readable(_ERROR.decode, body)
    return error.retry_after / 1000 if error and error.retry_after is not None else None
