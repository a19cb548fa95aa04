"""GET to addresses that people typed in: to known hosts alone, and never into our own network.

The name is resolved first, every address it has must be a public one, and the connection is made
to the very address that was looked at, so a name that changes its mind gains nothing. No redirect
is followed, no proxy and no cookie is used, and what comes back is bounded.
"""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from time import monotonic
from typing import Final

import httpx

_PORTS: Final = {"http": 80, "https": 443}
_MOST_BYTES: Final = 64 * 1024
# Addresses that carry another one inside, which may be anybody's.
_WRAPPED: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer came; `seconds` is how long it took."""

    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Nothing was sent, and nothing will be: the address is not one we may call."""

    why: str


@dataclass(frozen=True, slots=True)
class Broken:
    """No complete answer came in time; it may have been heard."""

    why: str


class NotAllowed(ValueError):
    """An address that may not be called; the text is one sentence."""


class Outbound:
    """Calls hosts of a list: `example.com`, `*.example.com`, or either with `:8080`.

    Ports are 80 and 443 where a host names none. `loopback_allowed` lets this machine be called,
    for tests and sandboxes; never in production. Raises ValueError for a list that makes no sense.
    """

    def __init__(self, hosts: Sequence[str], *, loopback_allowed: bool = False) -> None:
        self._hosts = [_pattern(host) for host in hosts]
        self._loopback_allowed = loopback_allowed
        self._transport: httpx.AsyncHTTPTransport | None = None

    def check(self, address: str) -> httpx.URL:
        """Return an address that may be called, by its looks; raise NotAllowed."""
        try:
            url = httpx.URL(address)
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise NotAllowed("the address cannot be read") from error
        if url.scheme not in _PORTS or not url.host or url.userinfo:
            raise NotAllowed("only plain http and https addresses are called")
        host, port = url.raw_host.decode("ascii").lower(), url.port or _PORTS[url.scheme]
        if not any(_fits(pattern, host, port) for pattern in self._hosts):
            raise NotAllowed(f"{host}:{port} is not among the hosts that may be called")
        return url

    async def get(self, address: str, timeout_seconds: float) -> Fetched | Forbidden | Broken:
        """Make one call; everything together takes at most so many seconds."""
        began = monotonic()
        try:
            async with asyncio.timeout(timeout_seconds):
                url = self.check(address)
                status = await self._exchange(url, await self._address(url), timeout_seconds)
        except NotAllowed as error:
            return Forbidden(str(error))
        except (httpx.TransportError, TimeoutError, OSError) as error:
            return Broken(f"no complete answer: {type(error).__name__}")
        return Fetched(status, monotonic() - began)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._transport is not None:
            await self._transport.aclose()

    async def _address(self, url: httpx.URL) -> str:
        """Resolve the host; raise NotAllowed when any of its addresses is not a public one."""
        host, port = url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]) for one in found]
        for address in addresses:
            if not self._may_call(ip_address(address.partition("%")[0])):
                raise NotAllowed(f"{host} is not a public address")
        if not addresses:
            raise NotAllowed(f"{host} has no address")
        return addresses[0]

    def _may_call(self, address: IPv4Address | IPv6Address) -> bool:
        if isinstance(address, IPv6Address):
            if address.ipv4_mapped is not None:
                return self._may_call(address.ipv4_mapped)
            if address.sixtofour or address.teredo or any(address in one for one in _WRAPPED):
                return False
        if address.is_loopback:
            return self._loopback_allowed
        return address.is_global and not (
            address.is_multicast or address.is_reserved or address.is_unspecified
        )

    async def _exchange(self, url: httpx.URL, address: str, timeout_seconds: float) -> int:
        if self._transport is None:
            self._transport = httpx.AsyncHTTPTransport(trust_env=False, retries=0)
        request = httpx.Request(
            "GET",
            url.copy_with(host=address),
            headers={
                "host": url.netloc.decode("ascii"),
                "user-agent": "kazna",
                "accept": "*/*",
                "accept-encoding": "identity",
            },
            extensions={
                "timeout": httpx.Timeout(timeout_seconds).as_dict(),
                "sni_hostname": url.raw_host.decode("ascii"),
            },
        )
        response = await self._transport.handle_async_request(request)
        try:
            size = 0
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > _MOST_BYTES:
                    break  # the status is all that matters
        finally:
            await response.aclose()
        return response.status_code


def _pattern(host: str) -> tuple[str, int | None]:
    name, _, port = host.strip().lower().partition(":")
    bare = name.removeprefix("*.")
    sound = bare and all(part and part.replace("-", "a").isalnum() for part in bare.split("."))
    if not sound or not bare.isascii() or (port and not (port.isdigit() and int(port) < 65536)):
        raise ValueError(f"{host!r} is no host like example.com, *.example.com or example.com:8080")
    return name, int(port) if port else None


def _fits(pattern: tuple[str, int | None], host: str, port: int) -> bool:
    name, wanted = pattern
    if port != wanted and not (wanted is None and port in _PORTS.values()):
        return False
    return host.endswith(name[1:]) if name.startswith("*.") else host == name
