"""Messages exist when the commit of their cause does, and bells are rung only then."""

from uuid import UUID

import pytest

from adapters.postgres.unit_of_work import units_of_work
from application.ports import NewMessage
from tests.integration.messages.rig import Rig


async def test_messages_and_bells_need_the_commit(rig: Rig) -> None:
    async with rig.uow() as uow:
        uow.messages.add([NewMessage(queue="ledger", name="a.b.v1", payload={})])
        await uow.messages.flush()

    assert await rig.messages() == []
    assert rig.ears.rung == []


async def test_a_bell_is_rung_when_everybody_can_read_what_it_rings_for(rig: Rig) -> None:
    was_open: list[bool] = []
    opened = units_of_work(
        rig.engine,
        clock=rig.clock,
        entropy=rig.entropy,
        ring=lambda rung: was_open.append(uow.driver.is_in_transaction()),
    )
    async with opened() as uow:
        uow.messages.add([NewMessage(queue="ledger", name="a.b.v1", payload={})])
        await uow.commit()

    assert was_open == [False]


async def test_messages_are_written_in_the_order_they_were_added(rig: Rig) -> None:
    ids = await rig.send(*({"n": n} for n in range(300)))

    rows = await rig.messages()
    assert [row["payload"]["n"] for row in rows] == list(range(300))
    assert [row["id"] for row in rows] == ids == sorted(ids)


async def test_everything_said_of_a_message_is_kept(rig: Rig) -> None:
    correlation_id = UUID(int=5)

    await rig.send(
        {"amount_minor": 5, "name": "Ж"},
        queue="payments",
        name="payments.charge.v1",
        order_key="k",
        priority=7,
        correlation_id=correlation_id,
    )

    (row,) = await rig.messages()
    assert row["payload"] == {"amount_minor": 5, "name": "Ж"}
    assert (row["queue"], row["name"], row["state"]) == ("payments", "payments.charge.v1", "ready")
    assert (row["order_key"], row["priority"], row["attempt"]) == ("k", 7, 0)
    assert row["correlation_id"] == correlation_id


async def test_a_message_with_a_delay_is_not_rung_for(rig: Rig) -> None:
    assert await rig.send({"n": 1}, delay_seconds=60) == []

    (row,) = await rig.messages()
    assert 55 < row["wait"].total_seconds() <= 60


async def test_an_error_between_leaves_nothing(rig: Rig) -> None:
    async def failing() -> None:
        async with rig.uow() as uow:
            uow.messages.add([NewMessage(queue="ledger", name="a.b.v1", payload={})])
            await uow.messages.flush()
            raise ValueError("after the flush")

    with pytest.raises(ValueError, match="after the flush"):
        await failing()

    assert await rig.messages() == []
