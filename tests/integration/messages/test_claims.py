"""Claims take what is due and free, the urgent first, and never what another holds."""

from application.ports import Message
from tests.integration.messages.rig import LOCAL, REMOTE, Rig


def numbers(batch: "list[Message]") -> list[int]:
    return [message.payload["n"] for message in batch]


async def test_a_batch_is_topped_up_from_the_queue_to_its_limit(rig: Rig) -> None:
    ids = await rig.send(*({"n": n} for n in range(10)))

    async with rig.uow() as uow:
        batch = await rig.store.take(uow, LOCAL.name, ids[7:9], 5)

    assert numbers(batch) == [0, 1, 2, 7, 8]


async def test_other_queues_and_later_messages_are_left(rig: Rig) -> None:
    other = await rig.send({"n": 1}, queue="journal")
    await rig.send({"n": 2}, delay_seconds=30)

    async with rig.uow() as uow:
        assert await rig.store.take(uow, LOCAL.name, other, 5) == []


async def test_an_urgent_message_overtakes_those_the_bell_named(rig: Rig) -> None:
    ids = await rig.send(*({"n": n} for n in range(5)))
    await rig.send({"n": 10}, priority=1)
    await rig.send({"n": 20}, priority=2)

    async with rig.uow() as uow:
        batch = await rig.store.take(uow, LOCAL.name, ids, 4)

    assert numbers(batch) == [20, 10, 0, 1]


async def test_what_can_wait_comes_last(rig: Rig) -> None:
    patient = await rig.send({"n": 1}, {"n": 2}, priority=-1)
    await rig.send({"n": 3})

    async with rig.uow() as uow:
        assert numbers(await rig.store.take(uow, LOCAL.name, patient, 1)) == [3]
        assert numbers(await rig.store.take(uow, LOCAL.name, patient, 1)) == [1]


async def test_two_claims_never_share_a_message(rig: Rig) -> None:
    ids = await rig.send(*({"n": n} for n in range(100)))

    async with rig.uow() as one, rig.uow() as other:
        first = await rig.store.take(one, LOCAL.name, ids, 60)
        second = await rig.store.take(other, LOCAL.name, ids, 60)

    assert len(first) == 60
    assert len(second) == 40
    assert not set(numbers(first)) & set(numbers(second))


async def test_messages_of_one_key_come_one_after_another(rig: Rig) -> None:
    await rig.send({"n": 1}, {"n": 2}, order_key="a")
    await rig.send({"n": 3}, order_key="b")
    await rig.send({"n": 4})

    async with rig.uow() as one, rig.uow() as other:
        assert numbers(await rig.store.take(one, LOCAL.name, [], 10)) == [1, 3, 4]
        assert await rig.store.take(other, LOCAL.name, [], 10) == []
        await one.commit()
        assert numbers(await rig.store.take(other, LOCAL.name, [], 10)) == [2]


async def test_a_leased_or_waiting_message_holds_back_its_key(rig: Rig) -> None:
    await rig.send({"n": 1}, {"n": 2}, order_key="a", queue=REMOTE.name)
    await rig.store.lease(REMOTE, [])

    assert (await rig.store.lease(REMOTE, [])).batch == []

    await rig.do(
        "UPDATE message SET state = 'ready', lease = NULL, lease_until = NULL,"
        " run_at = now() + interval '1 minute' WHERE state = 'leased'"
    )
    assert (await rig.store.lease(REMOTE, [])).batch == []


async def test_a_dead_message_lets_its_key_pass(rig: Rig) -> None:
    await rig.send({"n": 1}, {"n": 2}, order_key="a")
    await rig.do("UPDATE message SET state = 'dead', error = 'x' WHERE payload ->> 'n' = '1'")

    async with rig.uow() as uow:
        assert numbers(await rig.store.take(uow, LOCAL.name, [], 10)) == [2]


async def test_a_claim_that_is_rolled_back_leaves_the_rows_as_they_were(rig: Rig) -> None:
    ids = await rig.send({"n": 1})
    before = [dict(row) | {"wait": None} for row in await rig.messages()]

    async with rig.uow() as uow:
        await rig.store.take(uow, LOCAL.name, ids, 10)

    assert [dict(row) | {"wait": None} for row in await rig.messages()] == before


async def test_rows_that_wait_for_later_cost_a_claim_nothing(rig: Rig) -> None:
    await rig.do(
        "INSERT INTO message (queue, name, payload, run_at)"
        " SELECT 'ledger', 'a.b.v1', '{}', now() + interval '1 hour' FROM generate_series(1, 20000)"
    )
    await rig.do("ANALYZE message")

    (plan,) = await rig.rows(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT json) " + claim_with("'ledger'", "'{}'", "100")
    )

    touched = plan["QUERY PLAN"][0]["Plan"]["Shared Hit Blocks"]
    assert touched < 40, f"{touched} blocks were touched to find nothing due"


def claim_with(queue: str, ids: str, limit: str) -> str:
    from adapters.postgres.claims import TAKE

    return TAKE.replace("$1", queue).replace("$2", ids).replace("$3", limit)
