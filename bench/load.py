"""An HTTP load in a process of its own.

A line is `URL SECONDS CONNECTIONS TOKEN`, the answer is requests per second. Connections are kept
alive and each sends its next request when the last is answered. It reads no more of an answer than
it must; any status but 200 ends it.
"""

import asyncio
import sys
from time import perf_counter
from typing import cast
from urllib.parse import urlsplit

import uvloop

_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


class _Caller(asyncio.Protocol):
    """Sends one request after another on one connection."""

    def __init__(self, request: bytes, until: float, ended: "asyncio.Future[int]") -> None:
        self._request = request
        self._until = until
        self._ended = ended
        self._seen = b""
        self._count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head = self._seen.find(_END)
        if head < 0:
            return
        told = self._seen[:head].lower()
        at = told.index(_LENGTH) + len(_LENGTH)
        length = int(told[at:].split(b"\r\n", 1)[0])
        if len(self._seen) < head + len(_END) + length:
            return
        if not told.startswith(b"http/1.1 200"):
            self._ended.set_exception(RuntimeError(self._seen.decode("utf-8", "replace")))
            self._transport.close()
            return
        self._seen = b""
        self._count += 1
        if perf_counter() < self._until:
            self._transport.write(self._request)
        else:
            self._ended.set_result(self._count)
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._ended.done():
            self._ended.set_exception(error or ConnectionError("the server hung up"))


async def _load(url: str, seconds: float, connections: int, token: str) -> float:
    where = urlsplit(url)
    request = (
        f"GET {where.path} HTTP/1.1\r\nhost: {where.netloc}\r\n"
        f"authorization: Bearer {token}\r\naccept: application/json\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    began = perf_counter()
    ended = [loop.create_future() for _ in range(connections)]
    for one in ended:
        await loop.create_connection(
            lambda one=one: _Caller(request, began + seconds, one),  # type: ignore[misc]
            where.hostname,
            where.port,
        )
    counts = await asyncio.gather(*ended)
    return sum(counts) / (perf_counter() - began)


def main() -> None:
    """Do what each line says."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            url, seconds, connections, token = line.split()
            rate = runner.run(_load(url, float(seconds), int(connections), token))
            print(rate, flush=True)


if __name__ == "__main__":
    main()
