"""A letterbox: receives requests over HTTP and keeps them as they came."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple


class Received(NamedTuple):
    """A request as it came; `target` is its path with the query."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer_ip: str


@asynccontextmanager
async def letterbox(keep: Callable[[Received], None], *, answer: bytes = b"") -> AsyncIterator[str]:
    """Take what comes, answer 200, and hand it on; yield the address."""
    head_of_answer = (
        f"HTTP/1.1 200 OK\r\ncontent-length: {len(answer)}\r\nconnection: close\r\n\r\n"
    )

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.split(": ", 1) for line in head[1:] if line)
            headers = {name.lower(): value for name, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method, target, _ = head[0].split(" ")
            keep(Received(method, target, headers, body, writer.get_extra_info("peername")[0]))
            writer.write(head_of_answer.encode() + answer)
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
