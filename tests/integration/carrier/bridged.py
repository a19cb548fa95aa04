"""A house with an operator behind a foreign program: the API over HTTP, a worker's own lanes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from dependency_injector import providers

from adapters.memory.operator import Billed
from adapters.postgres.carrier_doors import all_queues
from application.carrier.gateway import ChargeMode
from application.identity.access import Role
from application.messaging.lanes import Lanes
from application.messaging.sweep import Sweep
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn
from entrypoints.api.app import create_app
from entrypoints.container import Container, build_container
from entrypoints.settings import read_settings
from tests.integration.api.conftest import served
from tests.integration.carrier.house import CarrierHouse

OPERATOR = "mobilink"
REQUESTS, RESPONSES = f"{OPERATOR}_requests", f"{OPERATOR}_responses"
TEXTS, TEXT_RESPONSES = f"{OPERATOR}_sms_requests", f"{OPERATOR}_sms_responses"


class Deaf:
    """A bell that nobody hears, so that the sweep does all the work here and now."""

    def ring(self, rung: Any) -> None:
        """Drop it."""

    async def reach(self, rung: Any) -> bool:
        return False


class Bridged:
    """The program's view: claims, answers, and books of its own that ours must agree with."""

    def __init__(self, home: CarrierHouse, house: Container, client: httpx.AsyncClient) -> None:
        self.home, self.house, self.client = home, house, client

    @property
    def billed(self) -> list[Billed]:
        return self.home.operators.by_code[OPERATOR].billed

    async def call(
        self,
        queue: str,
        action: str,
        body: Any,
        *,
        subject: str = OPERATOR,
        role: Role = Role.PROGRAM,
    ) -> httpx.Response:
        token = self.house.tokens().issue(subject, frozenset({role}), minutes=5)
        return await self.client.post(
            f"/api/v1/queues/{queue}/{action}",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        )

    async def must(self, queue: str, action: str, body: Any) -> Any:
        answer = await self.call(queue, action, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def claim(self, queue: str = REQUESTS, **asked: Any) -> Any:
        return await self.must(queue, "claim", asked)

    async def ack(
        self, claimed: Any, queue: str = REQUESTS, name: str = "operator_response", **said: Any
    ) -> list[int]:
        """Answer everything of a claim the same way; return a status per message."""
        answers = [
            {"id": one["id"], "event_name": name, "event_data": {**one["event_data"], **said}}
            for one in claimed["messages"]
        ]
        told = await self.must(queue, "ack", {"lease": claimed["lease"], "answers": answers})
        return [one["status"] for one in told["results"]]

    async def fail(self, claimed: Any, queue: str = REQUESTS, **said: Any) -> list[int]:
        failures = [
            {"id": one["id"], "error": "out of order", **said} for one in claimed["messages"]
        ]
        told = await self.must(queue, "fail", {"lease": claimed["lease"], "failures": failures})
        return [one["status"] for one in told["results"]]

    def bill(self, claimed: Any) -> list[str]:
        """Bill what was claimed in the program's own books; return its tokens."""
        tokens = []
        for one in claimed["messages"]:
            record = one["event_data"]
            token = f"op-{record['operator_token']}"
            if all(line.token != token for line in self.billed):
                money = Money.of(record["price"], "PKR")
                self.billed.append(Billed(token, Msisdn(record["msisdn"]), money))
            tokens.append(token)
        return tokens

    async def pay(self, claimed: Any) -> list[int]:
        """Bill what was claimed, and say so."""
        tokens = self.bill(claimed)
        answers = [
            {
                "id": one["id"],
                "event_name": "operator_response",
                "event_data": {**one["event_data"], "paid": True, "operator_token": token},
            }
            for one, token in zip(claimed["messages"], tokens, strict=True)
        ]
        told = await self.must(REQUESTS, "ack", {"lease": claimed["lease"], "answers": answers})
        return [one["status"] for one in told["results"]]

    async def work(self, rounds: int = 20) -> None:
        """Do what workers do until nothing is left for them."""
        specs = (await all_queues(self.house.engine())).values()
        lanes = Lanes(self.house.workshop(), specs, Deaf())
        for _ in range(rounds):
            due = await self.home.rows(
                "SELECT DISTINCT queue FROM message WHERE state = 'ready' AND run_at <= now()"
            )
            before = await self.home.rows("SELECT id, attempt, state FROM message ORDER BY id")
            for row in due:
                await lanes.drain(row["queue"])
            sweep = Sweep(self.house.workshop(), lanes, Deaf())
            await sweep.once()
            await sweep.settle()
            after = await self.home.rows("SELECT id, attempt, state FROM message ORDER BY id")
            if before == after:
                return
        raise AssertionError("the workers never came to an end")

    async def ordered(self, *orders: Any) -> None:
        await self.home.ordered(*orders, carry_out=False)
        await self.work()

    async def let_fall(self) -> None:
        """Let every lease end now, as if the program had died long ago."""
        async with self.home.open_uow() as uow:
            await uow.driver.execute(
                "UPDATE message SET lease_until = now() - interval '1 second' "
                "WHERE state = 'leased'"
            )
            await uow.commit()

    async def statuses(self) -> list[str]:
        return [row["status"] for row in await self.home.attempts()]


@asynccontextmanager
async def bridged(
    home: CarrierHouse, database_url: str, redis_url: str, **options: Any
) -> AsyncIterator[Bridged]:
    """Open the API over the house's database, with one operator behind a bridge."""
    mode = ChargeMode(options.get("mode", "sync"))
    await home.operator(OPERATOR, mode=mode, protocol="bridge", options=options)
    await home.service(OPERATOR)
    settings = read_settings({"KAZNA_ENVIRONMENT": "test"})
    house = build_container(settings, database_url=database_url, redis_url=redis_url)
    house.clock.override(providers.Object(home.clock))
    async with (
        served(create_app(house)) as address,
        httpx.AsyncClient(base_url=address, timeout=60) as client,
    ):
        yield Bridged(home, house, client)
