"""Scenario 15: poison is tried so often and buried, everything else flows, and can be dug out."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import redis.asyncio as redis

from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.messages import PostgresMessages
from adapters.redis.bell import RedisBell
from application.carrier.wire import CHARGE, ORDER, REPORT
from application.messaging.lanes import Lanes
from application.messaging.ports import Workshop
from application.ports import NewMessage, Page
from application.queues import operator_queues
from domain.subscriptions.model import Active
from tests.integration.carrier.house import NUMBER, OTHER, CarrierHouse

POISON = (
    ("mobilink_new_subscriptions", ORDER, {"operator": "mobilink", "event_id": "p"}),
    ("mobilink_new_subscriptions", "carrier.order.v9", {}),
    ("mobilink_requests", CHARGE, {"attempt_id": "not an id"}),
    ("mobilink_responses", REPORT, {"report": {"kind": "Nonsense", "event_id": "x"}}),
)


async def worked_off(home: CarrierHouse, redis_url: str) -> None:
    """Work on the operator's queues as a worker does, until nothing is left but the dead."""
    store = PostgresMessages(home.engine, entropy=home.entropy)
    shop = Workshop(
        units_of_work=home.open_uow,
        store=store,
        handlers=home.handlers,
        entropy=home.entropy,
        metrics=home.metrics,
    )
    specs = [
        replace(spec, attempts=3, backoff_seconds=0.001, backoff_cap_seconds=0.001)
        for spec in operator_queues(["mobilink"])
    ]
    bell = RedisBell(redis_url, metrics=home.metrics)
    lanes = Lanes(shop, specs, bell)
    async with asyncio.timeout(30):
        while await home.value(
            "SELECT count(*) FROM message WHERE state <> 'dead' AND queue LIKE 'mobilink%'"
        ):
            await asyncio.gather(*(lanes.drain(spec.name, []) for spec in specs))
    lanes.close()
    bell.close()


async def test_15_poison_is_buried_and_its_neighbours_are_charged(
    home: CarrierHouse, redis_url: str
) -> None:
    gateway = await home.operator()
    await home.service()
    async with home.open_uow() as uow:
        uow.messages.add(
            NewMessage(queue=queue, name=name, payload=payload, correlation_id=uuid4())
            for queue, name, payload in POISON
        )
        home.carrier.take_orders.within(uow, [home.order(), home.order(OTHER)])
        await uow.commit()

    await worked_off(home, redis_url)

    assert [type((await home.only(one)).state) for one in (NUMBER, OTHER)] == [Active, Active]
    assert len(gateway.billed) == 2
    dead = await home.rows(
        "SELECT queue, name, error FROM message WHERE state = 'dead' ORDER BY id"
    )
    assert sorted((row["queue"], row["name"]) for row in dead) == sorted(
        (queue, name) for queue, name, _ in POISON
    )
    assert all(row["error"] for row in dead)
    listed = await PostgresDeadLetters(home.engine).listed(None, Page())
    assert len(listed.items) == len(POISON)
    async with home.open_uow() as uow:
        await uow.driver.execute("DELETE FROM message WHERE state = 'dead'")  # a person has looked
        await uow.commit()


async def test_15_nothing_is_lost_when_redis_forgets_everything(
    home: CarrierHouse, redis_url: str
) -> None:
    gateway = await home.operator()
    await home.service()
    client = redis.Redis.from_url(redis_url)
    for msisdn in (NUMBER, OTHER):
        await home.ordered(home.order(msisdn), carry_out=False)
        await client.flushall()

    await worked_off(home, redis_url)

    assert {bill.msisdn for bill in gateway.billed} == {NUMBER, OTHER}
    await client.aclose()
