"""The API over a real database, with a gateway in memory and a clock by hand."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
import uvicorn
from dependency_injector import providers
from litestar import Litestar

from adapters.captcha.drawing import Drawing
from adapters.clock import ManualClock
from adapters.memory.provider import ScriptedProvider
from application.identity.access import Role
from application.messaging.routing import is_remote
from application.ports import Done, Failed, Message
from entrypoints.api.app import create_app
from entrypoints.api.contract import ANSWER
from entrypoints.api.problems import Problem
from entrypoints.api.server import server_config
from entrypoints.container import Container, build_container
from entrypoints.deployment import ConfiguredProviders
from entrypoints.settings import read_settings
from tests.integration.billing.house import START
from tests.integration.tasks.exchange import PRICING
from tests.servers import eventually

NOBODY_LISTENS = "redis://127.0.0.1:1/0"
TRACKER_KEY = "a tracker's key of 32 characters."


@dataclass
class Api:
    """A client per role, and the worker's hands."""

    client: httpx.AsyncClient
    app: Litestar
    house: Container
    gateway: ScriptedProvider
    clock: ManualClock
    drawn: list[str]

    def token(self, role: Role | str, subject: str = "test") -> str:
        return self.house.tokens().issue(subject, frozenset({Role(role)}), minutes=5)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Role | str | None = "service",
        subject: str = "test",
        key: str | None = None,
        **options: Any,
    ) -> Any:
        headers = dict(options.pop("headers", {}))
        if role is not None:
            headers["Authorization"] = f"Bearer {self.token(role, subject)}"
        if method == "POST":
            headers.setdefault("Idempotency-Key", key or str(uuid4()))
        answer = await self.client.request(method, path, json=body, headers=headers, **options)
        self.hold_to_the_description(answer)
        return answer

    def hold_to_the_description(self, answer: httpx.Response) -> None:
        """Read an answer as the published description says it looks."""
        if answer.status_code >= 400:
            msgspec.json.decode(answer.content, type=Problem)
            return
        for route in self.app.routes:
            pattern = re.sub(r"\{[^}]*\}", "[^/]+", route.path)
            if not re.fullmatch(pattern, answer.url.path):
                continue
            for handler in getattr(route, "route_handlers", ()):
                if answer.request.method in handler.http_methods:
                    assert answer.status_code == handler.status_code
                    if answer.headers.get("content-type", "").startswith("text/csv"):
                        return
                    if (shape := handler.opt[ANSWER]) is not None:
                        msgspec.json.decode(answer.content, type=shape)
                    return
        raise AssertionError(f"no route answers {answer.url.path}")

    async def must(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = await self.call(method, path, body, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return await self.house.queries().rows(sql, *values)

    async def count(self, table: str) -> int:
        return int((await self.rows(f"SELECT count(*) AS n FROM {table}"))[0]["n"])

    async def work(self) -> None:
        """Carry out open messages until none is left."""
        handlers: Any = self.house.handlers()
        while found := await self.rows(
            "SELECT id, queue, name, payload, attempt, correlation_id FROM message "
            "WHERE state = 'ready' ORDER BY id"
        ):
            for row in found:
                message = Message(**row, created_at=self.clock.now())
                handler = handlers[message.name]
                called = is_remote(handler)
                answer = (await handler.call([message]))[0] if called else None
                async with self.house.open_uow()() as uow:
                    if not called:
                        await handler(uow, [message])
                    elif not isinstance(answer, Done | Failed):
                        await handler.record(uow, [(message, answer)])
                    await uow.driver.execute("DELETE FROM message WHERE id = $1", message.id)
                    await uow.commit()

    async def captcha_pass(self, purpose: str = "refund_ticket") -> str:
        """Read a picture, as a person does."""
        asked = {"purpose": purpose}
        made = await self.must("POST", "/api/v1/captcha/challenges", asked, role=None)
        read = asked | {"answer": self.drawn[-1]}
        path = f"/api/v1/captcha/challenges/{made['id']}/answer"
        return str((await self.must("POST", path, read, role=None))["token"])

    async def customer(self, name: str = "c-1") -> str:
        made = await self.must("POST", "/api/v1/customers", {"external_id": name})
        return str(made["id"])

    async def price(self, amount_minor: int = 49900, **plan: Any) -> str:
        made = await self.must(
            "POST",
            "/api/v1/admin/plans",
            {"name": "Cinema", "interval": {"count": 1, "unit": "month"}, **plan},
            role="manager",
        )
        price = await self.must(
            "POST",
            f"/api/v1/admin/plans/{made['id']}/prices",
            {"amount_minor": amount_minor, "currency": "RUB"},
            role="manager",
        )
        return str(price["id"])

    async def invoice(self, customer_id: str, amount_minor: int = 1000) -> str:
        made = await self.must(
            "POST",
            "/api/v1/invoices",
            {
                "customer_id": customer_id,
                "amount_minor": amount_minor,
                "currency": "RUB",
                "description": "A disc",
                "reference": "1",
            },
        )
        return str(made["id"])

    async def checkout(self, invoice_id: str) -> str:
        """Pay at the provider's page, and let the webhook arrive."""
        opened = await self.must(
            "POST",
            f"/api/v1/invoices/{invoice_id}/pay",
            {
                "provider": self.gateway.code,
                "return_url": "http://127.0.0.1:8000/thanks",
                "save_method": True,
            },
        )
        assert opened["kind"] == "redirect"
        payment = await self.must("GET", f"/api/v1/payments/{opened['payment_id']}")
        self.gateway.gateway.pay(payment["external_id"])
        await self.must("POST", f"/api/v1/payments/{opened['payment_id']}/paid")
        await self.work()
        return str(opened["payment_id"])


def reader(draw: Drawing, drawn: list[str]) -> Callable[[str], bytes]:
    """Draw, and remember what a person would read."""

    def drawing(text: str) -> bytes:
        drawn.append(text)
        return draw(text)

    return drawing


def must_be_problem(answer: Any, status: int) -> None:
    """Hold an answer to RFC 9457."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["code"]


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    """An API over a database of its own."""
    async with opened(database_url) as one:
        yield one


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Api]:
    """Serve the API over a database, with a gateway in memory and a clock by hand."""
    secrets = {
        "KAZNA_EVENT_PARTNERS": json.dumps({"tracker": TRACKER_KEY}),
        "KAZNA_PRICING_KEY": PRICING.key.decode(),
    }
    settings = read_settings({"KAZNA_ENVIRONMENT": "test", **secrets})
    house = build_container(settings, database_url=database_url, redis_url=NOBODY_LISTENS)
    clock = ManualClock(START)
    gateway = ScriptedProvider(clock=clock, entropy=house.entropy())
    configured = ConfiguredProviders({gateway.code: gateway}, frozenset({gateway.code}))
    drawn: list[str] = []
    house.drawing.override(providers.Object(reader(house.drawing(), drawn)))
    house.clock.override(providers.Object(clock))
    house.gateways.override(providers.Object(configured))
    app = create_app(house)
    async with served(app) as address, httpx.AsyncClient(base_url=address, timeout=30) as client:
        yield Api(client, app, house, gateway, clock, drawn)


@asynccontextmanager
async def served(app: Litestar) -> AsyncIterator[str]:
    """Serve an application over real HTTP, on the loop that its connections live on."""
    # asyncio turns Nagle's algorithm off only for sockets that say they are TCP.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(server_config(app, host="127.0.0.1", port=0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await eventually(lambda: server.started or serving.done(), "the API serves")
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
