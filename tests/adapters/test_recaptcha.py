"""reCAPTCHA is believed when everything fits, and otherwise, whatever happens, it is not."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import pytest

from adapters.captcha.recaptcha import RECAPTCHA, Recaptcha, RecaptchaTerms
from adapters.clock import ManualClock
from adapters.entropy import SystemEntropy
from adapters.http.transport import HttpLimits, Transport
from adapters.postgres.captcha import Allowance, PostgresChallenges
from adapters.postgres.connections import borrowed_driver
from adapters.postgres.engine import create_engine
from adapters.postgres.unit_of_work import units_of_work
from application.identity.captcha import (
    CaptchaResponse,
    Purpose,
    Solved,
    TooManyChallenges,
    Unsolved,
)
from tests.adapters.raw_server import RawServer, raw_server
from tests.builders import NOON

TERMS = RecaptchaTerms(secret="canary", hosts=("shop.test",), least_score=0.5)
GOOD = {"success": True, "hostname": "shop.test", "action": "refund_ticket", "score": 0.7}
LIMITS = HttpLimits(connect_seconds=1.0, total_seconds=1.0)


def said(body: Any, status: str = "200 OK") -> bytes:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text


class Judge:
    """A verifier whose Google is a server of bytes."""

    def __init__(self, recaptcha: Recaptcha, google: RawServer, engine: Any) -> None:
        self.recaptcha, self.google, self.engine = recaptcha, google, engine

    async def ask(self, address: str | None = "192.0.2.1") -> Solved | Unsolved:
        response = CaptchaResponse(purpose=Purpose.REFUND_TICKET, address=address, answer="a&b")
        return await self.recaptcha.verify(response)


@asynccontextmanager
async def judging(
    database_url: str, *answers: bytes, allowance: Allowance | None = None, url: str = ""
) -> AsyncIterator[Judge]:
    engine, entropy = create_engine(database_url), SystemEntropy()
    opened = units_of_work(engine, clock=ManualClock(NOON), entropy=entropy, ring=lambda rung: None)
    challenges = PostgresChallenges(b"key", allowance or Allowance())
    async with raw_server(*answers) as google:
        transport = Transport("google", url or google.url, headers={}, limits=LIMITS)
        recaptcha = Recaptcha(opened, challenges, transport, TERMS, entropy=entropy)
        try:
            yield Judge(recaptcha, google, engine)
        finally:
            await recaptcha.aclose()
            await engine.dispose()


async def test_a_token_that_fits_is_believed_and_the_secret_is_told_to_nobody_else(
    database_url: str,
) -> None:
    async with judging(database_url, said(GOOD)) as judge:
        assert await judge.ask() == Solved()
        (head,), (body,) = judge.google.requests, judge.google.bodies
        assert head.startswith(b"POST /v3/siteverify HTTP/1.1")
        assert parse_qs(body.decode()) == {
            "secret": ["canary"],
            "response": ["a&b"],
            "remoteip": ["192.0.2.1"],
        }
    assert "canary" not in repr(TERMS)


@pytest.mark.parametrize(
    "answer",
    [
        said(GOOD | {"success": False}),
        said(GOOD | {"success": "true"}),
        said(GOOD | {"hostname": "evil.test"}),
        said(GOOD | {"hostname": ["shop.test"]}),
        said(GOOD | {"action": "login"}),
        said(GOOD | {"score": 0.49}),
        said(GOOD | {"score": True}),
        said(GOOD | {"score": "0.9"}),
        said(GOOD | {"score": float("nan")}),
        said({"success": True}),
        said([GOOD]),
        said(b"<html>"),
        said(b"\xff\xfe"),
        said(b"[" * 60_000),
        said(GOOD, "403 Forbidden"),
        said(GOOD, "429 Too Many Requests"),
        said(GOOD, "500 Internal Server Error"),
        said(GOOD, "302 Found"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"no http at all\r\n\r\n",
    ],
)
async def test_anything_else_is_a_no(database_url: str, answer: bytes) -> None:
    async with judging(database_url, answer) as judge:
        assert isinstance(await judge.ask(), Unsolved)


async def test_a_google_that_is_away_is_a_no(database_url: str) -> None:
    async with judging(database_url, said(GOOD), url="http://127.0.0.1:1/") as judge:
        assert isinstance(await judge.ask(), Unsolved)


async def test_tokens_of_one_address_are_counted_and_google_is_spared(database_url: str) -> None:
    few = Allowance(challenges=2)
    async with judging(database_url, said(GOOD), allowance=few) as judge:
        neighbours = [f"2001:db8::{n}" for n in range(3)]
        for address in neighbours[:2]:
            await judge.ask(address)
        with pytest.raises(TooManyChallenges):
            await judge.ask(neighbours[2])
        assert await judge.ask("2001:db8:0:1::1") == Solved()
        assert len(judge.google.requests) == 3
        async with borrowed_driver(judge.engine) as driver:
            rows = await driver.fetch("SELECT kind, answer_code FROM captcha_challenge")
        assert {(row["kind"], row["answer_code"]) for row in rows} == {(RECAPTCHA, None)}
