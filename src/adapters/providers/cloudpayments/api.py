"""CloudPayments' HTTP API: every call is a POST, and `Success` says how it went, not the status."""

from base64 import b64encode
from collections.abc import Callable
from typing import TypeVar

import msgspec

from adapters.providers.cloudpayments import wire
from adapters.providers.cloudpayments.settings import CloudPaymentsSettings
from adapters.providers.cloudpayments.translate import CODE
from adapters.providers.reading import readable, refused, without_nul
from adapters.providers.transport import Answer, Reply, Transport
from application.payments.provider import NotSent, OutcomeUnknown, Rejected

T = TypeVar("T")

Failure = Rejected | NotSent | OutcomeUnknown

_KEY_CHARACTERS = 128
_ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_ENVELOPE = msgspec.json.Decoder(wire.Envelope)
_SECURE = msgspec.json.Decoder(wire.Secure3d)
_NOT_FOUND = "not found"


class NeedsPayer:
    """The bank asks for the payer (3-D Secure), and nobody is there."""

    __slots__ = ()


NEEDS_PAYER = NeedsPayer()


class Api:
    """One terminal's access to the API; answers are read objects or the port's failures."""

    def __init__(self, settings: CloudPaymentsSettings) -> None:
        pair = f"{settings.public_id}:{settings.secret}".encode("ascii")
        self._http = Transport(
            CODE,
            settings.base_url,
            headers={
                "authorization": f"Basic {b64encode(pair).decode('ascii')}",
                "content-type": "application/json",
                "user-agent": "kazna",
            },
            limits=settings.http,
        )

    async def ask(self, path: str, body: msgspec.Struct, read: Callable[[bytes], T]) -> T | Failure:
        """Ask for what there is; nothing changes, whatever the answer."""
        return _told(await self._send(path, body, None), read)

    async def do(
        self, path: str, body: msgspec.Struct, *, key: str, read: Callable[[bytes], T]
    ) -> T | Failure:
        """Ask for something to be done; CloudPayments keeps the answer to a key for one hour."""
        if failure := _broken_key(key):
            return failure
        return _told(await self._send(path, body, key), read)

    async def charge(
        self, path: str, body: msgspec.Struct, *, key: str
    ) -> wire.Transaction | NeedsPayer | Failure:
        """Ask for a charge: a transaction that was declined is an answer like one that was not."""
        if failure := _broken_key(key):
            return failure
        reply = await self._send(path, body, key)
        if isinstance(reply, Answer) and (envelope := readable(_ENVELOPE.decode, reply.body)):
            if made := readable(TRANSACTION, bytes(envelope.model)):
                return made
            if readable(_SECURE.decode, bytes(envelope.model)):
                return NEEDS_PAYER
        return _told(reply, TRANSACTION)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _send(self, path: str, body: msgspec.Struct, key: str | None) -> Reply:
        headers = {} if key is None else {"x-request-id": key}
        return await self._http.send("POST", path, headers=headers, body=_ENCODE(body))


TRANSACTION = msgspec.json.Decoder(wire.Transaction).decode
TRANSACTIONS = msgspec.json.Decoder(list[wire.Transaction]).decode
ORDER = msgspec.json.Decoder(wire.Order).decode
MADE = msgspec.json.Decoder(wire.Made).decode


def nothing(_: bytes) -> bool:
    """Read an answer that has no object: that it went well is all it says."""
    return True


def _broken_key(key: str) -> Rejected | None:
    if key.isascii() and key.isprintable() and 0 < len(key) <= _KEY_CHARACTERS:
        return None
    return refused("a request id is 1 to 128 visible ASCII characters", "key")


def _told(reply: Reply, read: Callable[[bytes], T]) -> T | Failure:
    if not isinstance(reply, Answer):
        return reply
    denied = reply.status in (401, 403)
    envelope = readable(_ENVELOPE.decode, without_nul(reply.body))
    if envelope is None:
        if denied:
            return Rejected("access_denied", f"status {reply.status}", access_denied=True)
        # A page of some machine in between: the gateway itself has said nothing of the request.
        return OutcomeUnknown(f"the gateway answered {reply.status} in words not its own")
    if not envelope.success or reply.is_refusal:
        return _refusal(envelope, denied=denied)
    result = readable(read, bytes(envelope.model))
    return OutcomeUnknown("the answer cannot be read") if result is None else result


def _refusal(envelope: wire.Envelope, *, denied: bool) -> Rejected:
    message = envelope.message or "refused without a word"
    code = "not_found" if message.casefold() == _NOT_FOUND else "refused"
    return Rejected(code, message[:500], access_denied=denied)
