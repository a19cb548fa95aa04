"""A TCP server that answers exactly the bytes it is given, however wrong they are."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """Where it listens, how often somebody connected, and what it read: heads and bodies."""

    port: int
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v3"


@asynccontextmanager
async def raw_server(
    *answers: bytes | Handle, port: int = 0, tls: SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """Answer the n-th request with the n-th answer, the last one for ever; then hang up.

    An answer that ends a keep-alive exchange is followed by the next request on the connection.
    """
    served = RawServer(port)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connections += 1
        try:
            await _converse(served, answers, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=tls)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()


async def _converse(
    served: RawServer,
    answers: tuple[bytes | Handle, ...],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        served.requests.append(head)
        length = [
            line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
        ]
        size = int(length[0].partition(b":")[2]) if length else 0
        served.bodies.append(await reader.readexactly(size))
        answer = answers[min(len(served.requests), len(answers)) - 1]
        if callable(answer):
            await answer(reader, writer)
            return
        writer.write(answer)
        await writer.drain()
        if b"connection: close" in answer.lower() or b"content-length" not in answer.lower():
            return


def answer(status: int, body: bytes = b"{}", **headers: str) -> bytes:
    """Write a complete HTTP answer."""
    lines = [f"HTTP/1.1 {status} Reason", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def cut(whole: bytes) -> bytes:
    """Promise the whole body, send half of it, and hang up."""
    head, _, body = whole.partition(b"\r\n\r\n")
    return head + b"\r\nconnection: close\r\n\r\n" + body[: len(body) // 2]


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read and never answer, until the caller hangs up."""
    await reader.read()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close without a byte of an answer."""


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a byte now and then, so that no single read ever takes long."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)
