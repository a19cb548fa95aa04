"""A program of the company that listens to webhooks over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

from tests.adapters.raw_server import answer

GOOD = answer(204, b"")


@dataclass(frozen=True, slots=True)
class Heard:
    """One request: its line, headers by lower-case name, and body."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        envelope: dict[str, Any] = json.loads(self.body)
        return envelope

    def verified(self, secret: str) -> Any:
        """Read it as the reference implementation does; raises when the signature is wrong."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass(slots=True)
class Receiver:
    """What it has heard, in order, and how it answers: None hangs up."""

    decide: Callable[[Heard], bytes | None] = lambda _: GOOD
    heard: list[Heard] = field(default_factory=list)
    delay_seconds: Callable[[Heard], float] = lambda _: 0.0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def numbers(self, aggregate: object = None) -> list[int]:
        return [
            one.told["data"]["n"]
            for one in self.heard
            if aggregate is None or one.told["aggregate_id"] == str(aggregate)
        ]

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while said := await self._exchange(reader):
                writer.write(said)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader) -> bytes | None:
        line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (one.partition(": ") for one in fields)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        heard = Heard(line, headers, body)
        await asyncio.sleep(self.delay_seconds(heard))
        self.heard.append(heard)
        return self.decide(heard)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """Listen for one block."""
    listening = Receiver()
    server = await asyncio.start_server(listening.connected, "127.0.0.1", 0)
    listening.port = server.sockets[0].getsockname()[1]
    try:
        yield listening
    finally:
        server.close()
