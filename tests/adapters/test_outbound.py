"""The guarded way out: known hosts, public addresses, one call, bounded."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from adapters.http.outbound import Broken, Fetched, Forbidden, NotAllowed, Outbound
from tests.adapters.raw_server import answer, hang_up, raw_server, silence


def resolving(*addresses: str) -> Callable[..., Any]:
    """Stand in for a name server: everything is at these addresses."""

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    return getaddrinfo


@pytest.mark.parametrize(
    ("hosts", "address", "allowed"),
    [
        (["ads.example.com"], "https://ads.example.com/x", True),
        (["ads.example.com"], "http://ADS.example.com:80/x", True),
        (["ads.example.com"], "https://ads.example.com:8443/", False),
        (["ads.example.com:8443"], "https://ads.example.com:8443/", True),
        (["ads.example.com:8443"], "https://ads.example.com/", False),
        (["ads.example.com"], "https://evil-ads.example.com/", False),
        (["ads.example.com"], "https://ads.example.com.evil.com/", False),
        (["*.example.com"], "https://a.b.example.com/", True),
        (["*.example.com"], "https://example.com/", False),
        (["*.example.com"], "https://evilexample.com/", False),
        (["ads.example.com"], "https://ads.example.com@evil.com/", False),
        (["ads.example.com"], "ftp://ads.example.com/", False),
        (["ads.example.com"], "//ads.example.com/", False),
        (["ads.example.com"], "https://[::1/", False),
        ([], "https://ads.example.com/", False),
    ],
)
def test_only_hosts_of_the_list(hosts: list[str], address: str, allowed: bool) -> None:
    out = Outbound(hosts)
    if allowed:
        out.check(address)
    else:
        with pytest.raises(NotAllowed):
            out.check(address)


@pytest.mark.parametrize(
    "host", ["", "*", "*.", "a b.com", "a.com:x", "a.com:99999", "http://a.com"]
)
def test_a_list_that_makes_no_sense_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="no host"):
        Outbound([host])


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "0.0.0.0"),  # noqa: S104
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1"),
        *("2002:7f00:1::", "64:ff9b::7f00:1", "2001:0:7f00:1::", "2001:db8::1"),
    ],
)
async def test_a_name_of_our_own_network_is_not_called(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Outbound(["ads.example.com"])
    loop = asyncio.get_running_loop()
    for found in ([address], ["93.184.216.34", address]):
        monkeypatch.setattr(loop, "getaddrinfo", resolving(*found))
        said = await out.get("http://ads.example.com/", 1)
        assert isinstance(said, Forbidden)
        assert "not a public address" in said.why
    await out.aclose()


async def test_the_address_that_was_looked_at_is_the_one_that_is_called() -> None:
    """Resolving again at the connection would let a name change its mind in between."""
    async with raw_server(answer(200, b"ok")) as server:
        out = Outbound([f"ads.example.com:{server.port}"], loopback_allowed=True)
        asked: list[str] = []

        async def once(host: str, port: int, **_: Any) -> list[Any]:
            asked.append(host)
            if len(asked) > 1:
                raise AssertionError("resolved twice")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        loop = asyncio.get_running_loop()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "getaddrinfo", once)
            said = await out.get(f"http://ads.example.com:{server.port}/cb?p=%25x", 2)
        assert isinstance(said, Fetched)
        assert (said.status, asked) == (200, ["ads.example.com"])
        assert server.requests[0].decode().splitlines()[0] == "GET /cb?p=%25x HTTP/1.1"
        assert f"host: ads.example.com:{server.port}" in server.requests[0].decode().lower()
        await out.aclose()


@pytest.mark.parametrize(
    ("handle", "kind"),
    [
        (answer(302, b"", location="http://127.0.0.1/"), Fetched),
        (answer(500, b"no"), Fetched),
        (answer(200, b"x" * 1_000_000), Fetched),
        (hang_up, Broken),
        (silence, Broken),
    ],
    ids=["redirect", "error", "endless", "hang up", "silence"],
)
async def test_what_comes_back_is_a_status_or_nothing(handle: Any, kind: type) -> None:
    async with raw_server(handle) as server:
        out = Outbound([f"127.0.0.1:{server.port}"], loopback_allowed=True)
        said = await out.get(f"http://127.0.0.1:{server.port}/", 0.5)
        assert isinstance(said, kind)
        assert len(server.requests) == 1, "a redirect was followed, or a call repeated"
        await out.aclose()


async def test_loopback_is_refused_unless_somebody_said_so() -> None:
    async with raw_server(answer(200, b"ok")) as server:
        out = Outbound([f"127.0.0.1:{server.port}"])
        assert isinstance(await out.get(f"http://127.0.0.1:{server.port}/", 1), Forbidden)
        assert server.requests == []
        await out.aclose()


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://anything.example.org:8443/x", True),
        ("http://anything.example.org/x", False),
        ("https://10.0.0.1/", False),
        ("https://[::1]/", False),
        ("https://127.0.0.1:443/", False),
        ("https://93.184.216.34/", True),
        ("https://user@example.org/", False),
    ],
)
def test_without_a_list_any_public_https_address_will_do(address: str, allowed: bool) -> None:
    out = Outbound(None, https_only=True)
    if allowed:
        out.check(address)
    else:
        with pytest.raises(NotAllowed):
            out.check(address)


@pytest.mark.parametrize("written", ["localhost", "2130706433", "0x7f.1", "127.1"])
async def test_names_of_this_machine_however_written_are_not_called(written: str) -> None:
    async with raw_server(answer(200, b"ok")) as server:
        out = Outbound(None)
        said = await out.post(f"http://{written}:{server.port}/", 2, {}, b"{}")
        assert isinstance(said, Forbidden)
        assert server.requests == []
        await out.aclose()


async def test_a_post_brings_its_body_and_headers_and_how_the_answer_begins() -> None:
    async with raw_server(answer(200, b"yes" + b"x" * 1_000_000)) as server:
        out = Outbound(None, loopback_allowed=True)
        said = await out.post(
            f"http://127.0.0.1:{server.port}/in?a=1", 2, {"webhook-id": "7"}, b'{"a": 1}'
        )
        assert isinstance(said, Fetched)
        assert (said.status, said.beginning[:3], len(said.beginning)) == (200, b"yes", 4096)
        head = server.requests[0].decode().lower()
        assert head.startswith("post /in?a=1 http/1.1")
        assert "webhook-id: 7" in head
        assert server.bodies == [b'{"a": 1}']
        await out.aclose()
