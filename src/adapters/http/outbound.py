"""Calls to addresses that people typed in: to known hosts alone, and never into our own network.

The name is resolved first, every address it has must be a public one, and the connection is made
to the very address that was looked at, so a name that changes its mind gains nothing. No redirect
is followed, no proxy and no cookie is used, and what comes back is bounded.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from time import monotonic
from typing import Final

import httpx

_PORTS: Final = {"http": 80, "https": 443}
_MOST_BYTES: Final = 64 * 1024
_KEPT_BYTES: Final = 4096
# Addresses that carry another one inside, which may be anybody's.
_WRAPPED: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer came; `seconds` is how long it took, `beginning` the first bytes of its body."""

    status: int
    seconds: float
    beginning: bytes = b""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Nothing was sent, and nothing will be: the address is not one we may call."""

    why: str


@dataclass(frozen=True, slots=True)
class Broken:
    """No complete answer came in time; it may have been heard."""

    why: str
    seconds: float = 0.0


class NotAllowed(ValueError):
    """An address that may not be called; the text is one sentence."""


class Outbound:
    """Calls hosts of a list: `example.com`, `*.example.com`, or either with `:8080`.

    Ports are 80 and 443 where a host names none. None instead of a list is every host and port, for
    addresses that only administrators type in. `loopback_allowed` lets this machine be called, for
    tests and sandboxes; never in production. `https_only` refuses what anybody on the way can read.
    Raises ValueError for a list that makes no sense.
    """

    def __init__(
        self,
        hosts: Sequence[str] | None,
        *,
        loopback_allowed: bool = False,
        https_only: bool = False,
    ) -> None:
        self._hosts = None if hosts is None else [_pattern(host) for host in hosts]
        self._loopback_allowed = loopback_allowed
        self._https_only = https_only
        self._transport: httpx.AsyncHTTPTransport | None = None

    def check(self, address: str) -> httpx.URL:
        """Return an address that may be called, by its looks; raise NotAllowed."""
        try:
            url = httpx.URL(address)
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise NotAllowed("the address cannot be read") from error
        if url.scheme not in _PORTS or not url.host or url.userinfo:
            raise NotAllowed("only plain http and https addresses are called")
        if self._https_only and url.scheme != "https":
            raise NotAllowed("only https addresses are called")
        host, port = url.raw_host.decode("ascii").lower(), url.port or _PORTS[url.scheme]
        if self._hosts is None:
            self._check_written(host)
        elif not any(_fits(pattern, host, port) for pattern in self._hosts):
            raise NotAllowed(f"{host}:{port} is not among the hosts that may be called")
        return url

    async def get(self, address: str, timeout_seconds: float) -> Fetched | Forbidden | Broken:
        """Make one call; everything together takes at most so many seconds."""
        return await self._call("GET", address, timeout_seconds, {}, None)

    async def post(
        self, address: str, timeout_seconds: float, headers: Mapping[str, str], body: bytes
    ) -> Fetched | Forbidden | Broken:
        """Make one call that brings a body; everything together takes at most so many seconds."""
        return await self._call("POST", address, timeout_seconds, headers, body)

    async def _call(
        self,
        method: str,
        address: str,
        timeout_seconds: float,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Fetched | Forbidden | Broken:
        began = monotonic()
        try:
            async with asyncio.timeout(timeout_seconds):
                url = self.check(address)
                request = _request(method, url, await self._address(url), headers, body)
                request.extensions["timeout"] = httpx.Timeout(timeout_seconds).as_dict()
                status, beginning = await self._exchange(request)
        except NotAllowed as error:
            return Forbidden(str(error))
        except (httpx.TransportError, TimeoutError, OSError) as error:
            return Broken(f"no complete answer: {type(error).__name__}", monotonic() - began)
        return Fetched(status, monotonic() - began, beginning)

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

    def _check_written(self, host: str) -> None:
        """Refuse at once an address that is written out and not a public one."""
        try:
            written = ip_address(host.strip("[]"))
        except ValueError:
            return
        if not self._may_call(written):
            raise NotAllowed(f"{host} is not a public address")

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

    async def _exchange(self, request: httpx.Request) -> tuple[int, bytes]:
        if self._transport is None:
            self._transport = httpx.AsyncHTTPTransport(trust_env=False, retries=0)
        response = await self._transport.handle_async_request(request)
        beginning, size = bytearray(), 0
        try:
            async for chunk in response.aiter_raw():
                size += len(chunk)
                beginning += chunk[: _KEPT_BYTES - len(beginning)]
                if size > _MOST_BYTES:
                    break  # the status and how it begins are all that matters
        finally:
            await response.aclose()
        return response.status_code, bytes(beginning)


def _request(
    method: str, url: httpx.URL, address: str, headers: Mapping[str, str], body: bytes | None
) -> httpx.Request:
    """Write a request to the very address that was looked at, under the name it was found by."""
    return httpx.Request(
        method,
        url.copy_with(host=address),
        headers={
            "host": url.netloc.decode("ascii"),
            "user-agent": "kazna",
            "accept": "*/*",
            "accept-encoding": "identity",
            **headers,
        },
        content=body,
        extensions={"sni_hostname": url.raw_host.decode("ascii")},
    )


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
