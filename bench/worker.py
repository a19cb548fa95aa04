"""`kazna worker`, all queues, with the benchmark's handlers beside the deployment's own.

Everything else is what `kazna worker` starts: settings, composition root, Dramatiq's worker, the
sweep. `BENCH_CALL_SECONDS` is how long the gateway of `bench.call.v1` takes; with
`BENCH_GATEWAY=here` charges go to a gateway in this process. `BENCH_BRIDGED` names an operator
whose requests nobody carries out here.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from dependency_injector import providers

from adapters.memory.provider import ScriptedProvider
from application.messaging.ports import Handlers
from application.payments.provider import ChargeOutcome, SavedChargeRequest
from application.ports import Message
from application.queues import queue_table
from domain.ledger.chart import gateway_clearing, wallet
from domain.ledger.posting import Posting, credit, debit
from domain.shared.facts import Cause
from domain.shared.money import Currency, Money
from entrypoints.cli.logs import log_to_stderr
from entrypoints.container import Container, build_container, close
from entrypoints.deployment import ConfiguredProviders
from entrypoints.settings import Settings, read_settings
from entrypoints.workers.parts import WorkerParts
from entrypoints.workers.run import run_worker

RUB = Currency("RUB")
HOT = gateway_clearing("bench", RUB)
AMOUNT = Money(100, RUB)
POST, CALL = "bench.post.v1", "bench.call.v1"


def posting_of(message: Message) -> Posting:
    """Return what a message asks for: the hot account against one wallet of many."""
    return Posting(
        key=f"bench:{message.payload['key']}",
        kind="charge_captured",
        entries=(debit(HOT, AMOUNT), credit(wallet(UUID(message.payload["owner"]), RUB), AMOUNT)),
        occurred_at=message.created_at,
        cause=Cause(
            actor="job:bench", reason="measured", correlation_id=UUID(message.payload["key"])
        ),
    )


class PostMessages:
    """A local handler: one posting per message."""

    async def __call__(self, uow: Any, batch: Sequence[Message]) -> None:
        await uow.ledger.post_many([posting_of(message) for message in batch])


@dataclass(frozen=True)
class CallThenPost:
    """A remote handler: a gateway that takes its time, then one posting per message."""

    seconds: float

    async def call(self, batch: Sequence[Message]) -> Sequence[None]:
        await asyncio.sleep(self.seconds)
        return [None] * len(batch)

    async def record(self, uow: Any, batch: Sequence[tuple[Message, None]]) -> None:
        await uow.ledger.post_many([posting_of(message) for message, _ in batch])


class TrustingProvider(ScriptedProvider):
    """Knows every card it is shown, since the cards were saved by another process."""

    async def charge_saved(self, request: SavedChargeRequest) -> ChargeOutcome:
        """Charge it."""
        self.gateway.save_method(request.external_method_id)
        return await super().charge_saved(request)


def _container(settings: Settings) -> Container:
    assert settings.database_url
    assert settings.redis_url
    container = build_container(
        settings, database_url=settings.database_url, redis_url=settings.redis_url
    )
    if os.environ.get("BENCH_GATEWAY") == "here":
        gateway = TrustingProvider(clock=container.clock(), entropy=container.entropy())
        configured = ConfiguredProviders({gateway.code: gateway}, frozenset({gateway.code}))
        container.gateways.override(providers.Object(configured))
    return container


def main() -> None:
    """Work until told to stop."""
    settings = read_settings()
    log_to_stderr(settings.log_level, as_json=False)

    async def build() -> WorkerParts:
        container = _container(settings)
        shop = container.workshop()
        seconds = float(os.environ.get("BENCH_CALL_SECONDS", "0"))
        handlers: Handlers = {
            **shop.handlers,
            POST: PostMessages(),
            CALL: CallThenPost(seconds),
        }
        return WorkerParts(
            shop=replace(shop, handlers=handlers),
            bell=container.bell(),
            close=lambda: close(container),
        )

    assert settings.redis_url
    bridged = [name for name in (os.environ.get("BENCH_BRIDGED"),) if name]
    queues = list(queue_table(bridged, {f"{name}_requests" for name in bridged}).values())
    run_worker(build, redis_url=settings.redis_url, queues=queues)


if __name__ == "__main__":
    main()
