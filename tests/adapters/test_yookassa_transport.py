"""The verdict on a failed call decides whether money may be tried again."""

import asyncio
import gzip
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.providers.transport import Answer, HttpLimits, Reply, Transport
from application.payments.provider import NotSent, OutcomeUnknown
from tests.adapters.raw_server import (
    RawServer,
    answer,
    cut,
    dripping,
    hang_up,
    raw_server,
    silence,
)

SECRET = "live_canary_9f2c"


class Seconds:
    """Machine time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def transport_to(
    url: str, *, monotonic: Seconds | None = None, **limits: float
) -> AsyncIterator[Transport]:
    chosen = {"connect_seconds": 0.5, "total_seconds": 0.5, **limits}
    transport = Transport(
        "gateway",
        url,
        headers={"authorization": f"Basic {SECRET}"},
        limits=HttpLimits(**chosen),  # type: ignore[arg-type]
        retry_hint=lambda body: 7.5 if b"wait" in body else None,
        monotonic=monotonic or Seconds(),
    )
    try:
        yield transport
    finally:
        await transport.aclose()


def a_free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


async def charge(transport: Transport) -> Reply:
    return await transport.send("POST", "payments", body=b'{"amount": 1}')


async def verdict_on(*answers: object, **limits: float) -> Reply:
    async with raw_server(*answers) as server, transport_to(server.url, **limits) as transport:  # type: ignore[arg-type]
        return await charge(transport)


async def test_a_refused_connection_was_certainly_not_sent() -> None:
    async with transport_to(f"http://127.0.0.1:{a_free_port()}") as transport:
        assert isinstance(await charge(transport), NotSent)


async def test_a_name_nobody_knows_was_certainly_not_sent() -> None:
    async with transport_to("http://gateway.invalid") as transport:
        assert isinstance(await charge(transport), NotSent)


async def test_a_failed_tls_handshake_was_certainly_not_sent() -> None:
    async with (
        raw_server(hang_up) as server,
        transport_to(f"https://127.0.0.1:{server.port}") as transport,
    ):
        assert isinstance(await charge(transport), NotSent)


async def test_a_certificate_nobody_vouches_for_ends_the_call_before_the_secret_leaves(
    tmp_path: Path,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    async with (
        raw_server(answer(200), tls=context) as server,
        transport_to(f"https://localhost:{server.port}") as transport,
    ):
        verdict = await charge(transport)

    assert isinstance(verdict, NotSent)
    assert "CERTIFICATE_VERIFY_FAILED" in verdict.why
    assert server.requests == []


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / "self-signed.pem"
    file.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    return file


async def test_a_connection_nobody_accepts_is_given_up_in_time() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        address = deaf.getsockname()
        with socket.socket() as first, socket.socket() as second:
            for filler in (first, second):
                filler.setblocking(False)
                filler.connect_ex(address)
            async with transport_to(
                f"http://127.0.0.1:{address[1]}", connect_seconds=0.1
            ) as transport:
                assert isinstance(await charge(transport), NotSent)


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(hang_up, id="hangs up"),
        pytest.param(silence, id="is silent"),
        pytest.param(dripping, id="drips"),
        pytest.param(cut(answer(200, b'{"id": "1"}')), id="cuts the body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nconte", id="cuts the head"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="speaks another language"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", id="counts wrongly"
        ),
    ],
)
async def test_whatever_happens_after_the_first_byte_leaves_the_outcome_unknown(
    behaviour: object,
) -> None:
    assert isinstance(await verdict_on(behaviour), OutcomeUnknown)


async def test_a_gateway_that_drips_is_given_up_at_the_total_limit() -> None:
    started = asyncio.get_running_loop().time()

    await verdict_on(dripping, total_seconds=0.3)

    assert asyncio.get_running_loop().time() - started < 1.0


@pytest.mark.parametrize("status", [202, 301, 302, 307, 408, 409, 425, 499, 500, 502, 503, 504])
async def test_a_status_that_says_nothing_about_execution_is_unknown(status: int) -> None:
    assert isinstance(
        await verdict_on(answer(status, location="http://127.0.0.1:1/")), OutcomeUnknown
    )


@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 410, 415, 422])
async def test_a_status_that_says_something_is_an_answer(status: int) -> None:
    assert await verdict_on(answer(status, b'{"a":1}')) == Answer(status, b'{"a":1}')


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        pytest.param(answer(429, retry_after="3"), 3.0, id="header"),
        pytest.param(answer(429, b"wait"), 7.5, id="body"),
        pytest.param(answer(429), None, id="nothing"),
        pytest.param(answer(429, retry_after="9" * 400), 3600.0, id="for ever"),
        pytest.param(answer(429, retry_after="Fri, 31 Dec 1999 23:59:59 GMT"), None, id="a date"),
        pytest.param(answer(429, retry_after="-1"), None, id="the past"),
    ],
)
async def test_too_many_requests_were_not_executed_and_say_when_to_come_again(
    reply: bytes, seconds: float | None
) -> None:
    verdict = await verdict_on(reply)

    assert isinstance(verdict, NotSent)
    assert verdict.retry_after_seconds == seconds


async def test_an_unfinished_request_says_when_to_ask_again() -> None:
    verdict = await verdict_on(answer(202, b"wait"))

    assert isinstance(verdict, OutcomeUnknown)
    assert verdict.retry_after_seconds == 7.5


async def test_a_redirect_is_not_followed_with_the_secret() -> None:
    async with raw_server(answer(200)) as elsewhere:
        await verdict_on(answer(307, location=elsewhere.url))

    assert elsewhere.connections == 0


async def test_an_endless_answer_is_cut_off() -> None:
    assert isinstance(
        await verdict_on(answer(200, b"x" * 3000), response_bytes=2000), OutcomeUnknown
    )


async def test_a_compressed_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"0" * 1_000_000)

    verdict = await verdict_on(answer(200, bomb, content_encoding="gzip"), response_bytes=5000)

    assert verdict == Answer(200, bomb)


async def test_connections_are_kept_and_used_again() -> None:
    async with raw_server(answer(200)) as server, transport_to(server.url) as transport:
        for _ in range(10):
            await charge(transport)

        assert server.connections == 1


async def test_a_call_that_finds_no_free_connection_was_not_sent() -> None:
    async with (
        raw_server(silence) as server,
        transport_to(server.url, connections=1, connect_seconds=0.1) as transport,
    ):
        first = asyncio.create_task(charge(transport))
        await _read(server)

        assert isinstance(await charge(transport), NotSent)
        assert isinstance(await first, OutcomeUnknown)


async def _read(server: RawServer) -> None:
    while not server.requests:  # noqa: ASYNC110 - the server is in this very loop
        await asyncio.sleep(0)


async def test_five_silences_in_a_row_stop_the_calls_and_one_answer_starts_them_again() -> None:
    seconds, port = Seconds(), a_free_port()
    async with transport_to(f"http://127.0.0.1:{port}", monotonic=seconds) as transport:
        for _ in range(5):
            await charge(transport)

        async with raw_server(answer(500), port=port) as server:
            turned_away = await charge(transport)
            assert isinstance(turned_away, NotSent)
            assert turned_away.retry_after_seconds == 10.0
            assert server.connections == 0

            seconds.now += 10
            assert isinstance(
                await charge(transport), OutcomeUnknown
            )  # the probe: 500 is an answer
            assert isinstance(await charge(transport), OutcomeUnknown)
            assert len(server.requests) == 2


async def test_a_failed_probe_starts_the_next_pause() -> None:
    seconds, port = Seconds(), a_free_port()
    async with transport_to(f"http://127.0.0.1:{port}", monotonic=seconds) as transport:
        for _ in range(5):
            await charge(transport)
        seconds.now += 10
        await charge(transport)

        async with raw_server(answer(200), port=port) as server:
            seconds.now += 9
            assert isinstance(await charge(transport), NotSent)
            assert server.connections == 0


async def test_only_one_call_probes_a_silent_gateway() -> None:
    seconds = Seconds()
    async with (
        raw_server(silence) as server,
        transport_to(server.url, monotonic=seconds, total_seconds=0.1) as transport,
    ):
        await asyncio.gather(*(charge(transport) for _ in range(5)))
        seconds.now += 10
        asked = len(server.requests)

        verdicts = await asyncio.gather(*(charge(transport) for _ in range(20)))

        assert len(server.requests) == asked + 1
        assert sum(isinstance(verdict, NotSent) for verdict in verdicts) == 19


async def test_a_probe_given_up_by_its_caller_makes_room_for_the_next() -> None:
    seconds = Seconds()
    async with (
        raw_server(*[silence] * 6, answer(200)) as server,
        transport_to(server.url, monotonic=seconds, total_seconds=0.1) as transport,
    ):
        await asyncio.gather(*(charge(transport) for _ in range(5)))
        seconds.now += 10
        probe = asyncio.create_task(charge(transport))
        while len(server.requests) < 6:  # noqa: ASYNC110 - the server is in this very loop
            await asyncio.sleep(0)
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)

        assert isinstance(await charge(transport), Answer)


async def test_answers_however_bad_never_stop_the_calls() -> None:
    async with raw_server(answer(500)) as server, transport_to(server.url) as transport:
        for _ in range(10):
            await charge(transport)

        assert len(server.requests) == 10


@pytest.mark.parametrize("behaviour", [hang_up, silence, cut(answer(200)), answer(500)])
async def test_no_secret_is_told_to_a_log_or_a_verdict(
    behaviour: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    verdicts = [await verdict_on(behaviour, total_seconds=0.1)]
    async with transport_to(f"http://127.0.0.1:{a_free_port()}") as transport:
        verdicts.append(await charge(transport))

    assert SECRET not in caplog.text + repr(verdicts) + repr(transport)


async def test_a_secret_that_no_header_can_carry_is_not_told_either() -> None:
    async with raw_server(answer(200)) as server, transport_to(server.url) as transport:
        verdict = await transport.send("GET", "me", headers={"x-more": f"{SECRET}\r\nx: y"})

    assert isinstance(verdict, OutcomeUnknown)
    assert SECRET not in repr(verdict)
