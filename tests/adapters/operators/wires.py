"""Operators' answers byte for byte, and adapters in front of a server that gives them."""

import json
import xmlrpc.client
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from adapters.operators.plain import Plain
from adapters.operators.ucip import Ucip
from application.carrier.gateway import ChargeRequest, OperatorSettings
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn
from tests.adapters.raw_server import Handle, RawServer, answer, raw_server

TOKEN = "0195-77aa-token"
NUMBER = Msisdn("923001234567")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRETS = {"api_key": "canary-api-key-000", "callback_secret": "canary-callback-000"}


def settings(**changes: Any) -> OperatorSettings:
    """Return the settings of an operator in Pakistan."""
    return OperatorSettings(
        **{
            "code": "acme",
            "country_code": "92",
            "currency": "PKR",
            "time_zone": "Asia/Karachi",
            "prefixes": ("92300",),
            "base_url": "http://127.0.0.1:1",
            "timeout_seconds": 0.5,
            "secrets": SECRETS,
            **changes,
        }
    )


def request(**changes: Any) -> ChargeRequest:
    """Return a charge of ten rupees."""
    return ChargeRequest(
        **{
            "attempt_id": TOKEN,
            "token": TOKEN,
            "msisdn": NUMBER,
            "money": Money.of(1000, "PKR"),
            "service_code": "games",
            "keyword": "GO",
            "description": "Games, a week",
            "created_at": NOON,
            **changes,
        }
    )


def account(code: object, **members: Any) -> bytes:
    """Write an account server's answer."""
    given = ({"responseCode": code, **members},)
    return xml(xmlrpc.client.dumps(given, methodresponse=True, allow_none=True))


def fault(code: int) -> bytes:
    """Write an account server's fault."""
    return xml(xmlrpc.client.dumps(xmlrpc.client.Fault(code, "no"), methodresponse=True))


def xml(text: str, status: int = 200) -> bytes:
    """Write an HTTP answer with an XML body."""
    return answer(status, text.encode(), content_type="text/xml")


def told(status: int, body: object, **headers: str) -> bytes:
    """Write an HTTP answer with a JSON body."""
    return answer(status, json.dumps(body).encode(), **headers)


@asynccontextmanager
async def ucip(*answers: bytes | Handle, **changes: Any) -> AsyncIterator[tuple[Ucip, RawServer]]:
    """Open the UCIP adapter in front of a server that answers exactly this."""
    async with raw_server(*answers) as server:
        adapter = Ucip(settings(base_url=f"http://127.0.0.1:{server.port}", **changes))
        yield adapter, server
        await adapter.aclose()


@asynccontextmanager
async def plain(*answers: bytes | Handle, **changes: Any) -> AsyncIterator[tuple[Plain, RawServer]]:
    """Open the plain adapter in front of a server that answers exactly this."""
    async with raw_server(*answers) as server:
        adapter = Plain(settings(base_url=f"http://127.0.0.1:{server.port}/v1", **changes))
        yield adapter, server
        await adapter.aclose()


def calls(server: RawServer) -> Sequence[tuple[str, dict[str, Any]]]:
    """Return the XML-RPC calls a server read: methods with their members."""
    read = [xmlrpc.client.loads(body) for body in server.bodies]
    return [(str(method), params[0]) for params, method in read]  # type: ignore[misc]
