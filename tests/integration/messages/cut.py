"""A wire to the database that can be cut at any message of the client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit


@dataclass
class Wire:
    """Forwards both ways; once armed it cuts every connection at the client's n-th message.

    `heard` decides on which side of the server's work the cut lies: the message never arrives, or
    it is carried out and its answer never comes back.
    """

    url: str
    host: str
    port: int
    cut_at: int = 0
    heard: bool = False
    sent: int = 0
    cut: bool = False
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def arm(self, cut_at: int, *, heard: bool) -> None:
        self.cut_at, self.heard, self.sent, self.cut = cut_at, heard, 0, False

    def disarm(self) -> None:
        self.cut_at = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
        self._open |= {writer, far_writer}
        last_answer: asyncio.Queue[None] = asyncio.Queue()
        last = asyncio.Event()
        back = asyncio.create_task(_backwards(far_reader, writer, last, last_answer))
        try:
            while chunk := await reader.read(1 << 16):
                falls = self._falls()
                if falls and self.heard:
                    last.set()
                if not falls or self.heard:
                    far_writer.write(chunk)
                    await far_writer.drain()
                if falls:
                    if self.heard:
                        await last_answer.get()
                    self._cut_all()
                    return
        except ConnectionError:
            return
        finally:
            far_writer.close()
            await asyncio.gather(back, return_exceptions=True)
            writer.close()
            self._open -= {writer, far_writer}

    def _falls(self) -> bool:
        if not self.cut_at:
            return False
        self.sent += 1
        if self.sent == self.cut_at:
            self.cut = True
            return True
        return False

    def _cut_all(self) -> None:
        for writer in self._open:
            writer.transport.abort()


async def _backwards(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    last: asyncio.Event,
    last_answer: "asyncio.Queue[None]",
) -> None:
    """Carry answers to the client; the one to the last message is only noted."""
    try:
        while chunk := await reader.read(1 << 16):
            if last.is_set():
                return
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        return
    finally:
        last_answer.put_nowait(None)
        writer.close()


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[Wire]:
    parts = urlsplit(url)
    wire = Wire("", str(parts.hostname), parts.port or 5432)
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    user = parts.netloc.rpartition("@")[0]
    wire.url = urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}"))
    try:
        yield wire
    finally:
        server.close()
        wire._cut_all()
        await server.wait_closed()
