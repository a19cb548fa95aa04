"""Dead messages are seen, sent back or given up, and the decision is an event."""

from uuid import UUID

from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.queue_depths import queue_depths
from application.messaging.dead_letters import SettleDead
from application.ports import Page
from domain.shared.facts import Cause
from tests.integration.messages.rig import LOCAL, Rig

CAUSE = Cause(actor="manager:ann", reason="the plan exists now", correlation_id=UUID(int=4))


async def died(rig: Rig, *numbers: int) -> list[int]:
    ids = await rig.send(*({"n": n} for n in numbers))
    await rig.do(
        "UPDATE message SET state = 'dead', error = 'no such plan' WHERE id = ANY($1)",
        ids,
    )
    return ids


def settle_dead(rig: Rig) -> SettleDead:
    return SettleDead(rig.uow, PostgresDeadLetters(rig.engine), rig.ears)


async def test_the_dead_are_listed_newest_first_in_pages(rig: Rig) -> None:
    ids = await died(rig, 1, 2, 3)
    await rig.send({"n": 4})
    dead = PostgresDeadLetters(rig.engine)

    first = await dead.listed(None, Page(limit=2))
    rest = await dead.listed(LOCAL.name, Page(limit=2, cursor=first.next_cursor))

    assert [row["id"] for row in (*first.items, *rest.items)] == ids[::-1]
    assert first.items[0]["error"] == "no such plan"
    assert rest.next_cursor is None
    assert (await dead.listed("journal", Page())).items == []


async def test_a_replayed_message_is_done_and_the_replay_is_told(rig: Rig) -> None:
    (id_,) = await died(rig, 1)
    living = await rig.send({"n": 2})
    rig.ears.rung.clear()

    assert await settle_dead(rig).replay([id_, *living, 999], CAUSE) == [id_]

    assert rig.ears.rung == [(LOCAL.name, id_)]
    await rig.lanes(LOCAL).drain(LOCAL.name)
    assert await rig.effects() == [1, 2]
    (event,) = await rig.rows("SELECT * FROM event")
    assert (event["name"], event["actor"]) == ("messages.replayed", "manager:ann")


async def test_a_discarded_message_leaves_its_words_in_an_event(rig: Rig) -> None:
    (id_,) = await died(rig, 1)
    living = await rig.send({"n": 2})

    assert await settle_dead(rig).discard([id_, *living], CAUSE) == [id_]

    assert [row["id"] for row in await rig.messages()] == living
    (event,) = await rig.rows("SELECT * FROM event")
    assert event["name"] == "messages.discarded"
    assert event["data"]["payload"] == {"n": 1}
    assert event["data"]["why_dead"] == "no such plan"


async def test_depths_tell_what_waits_and_for_how_long(rig: Rig) -> None:
    await died(rig, 1)
    await rig.send({"n": 2}, {"n": 3})
    await rig.send({"n": 4}, delay_seconds=60)
    await rig.do(
        "UPDATE message SET run_at = now() - interval '90 seconds' WHERE payload->>'n' = '2'"
    )

    (depth,) = await queue_depths(rig.engine)

    assert (depth.queue, depth.due, depth.waiting) == (LOCAL.name, 2, 1)
    assert (depth.leased, depth.dead) == (0, 1)
    assert 89 < depth.oldest_seconds < 100
