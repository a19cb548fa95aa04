"""Webhooks whose connection to the database is cut at every message it sends, one by one.

Ordering that is cut anywhere orders each delivery once. Carrying out that is cut anywhere tells
every event in the end, the one that was on its way perhaps twice and under the same id.
"""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from tests.conftest import FreshDatabase
from tests.integration.messages.cut import wire_to
from tests.integration.webhooks.hooks import SPEC, Hooks, hooked
from tests.integration.webhooks.receiver import Receiver, receiver

_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError)
_MOST = 200
A, B = UUID(int=1), UUID(int=2)


async def _prepared(hooks: Hooks, program: Receiver) -> None:
    await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, 2, aggregate=A)
    await hooks.happened(11, aggregate=B)


async def _fallen(hooks: Hooks) -> None:
    """Let leases and waits of messages end, as time would, and find them as the sweep does."""
    async with hooks.open_uow() as uow:
        ids = await uow.driver.fetch(
            "UPDATE message SET run_at = least(run_at, now()), "
            "lease_until = CASE WHEN state = 'leased' THEN now() - interval '1 second' END "
            "RETURNING id"
        )
        await uow.commit()
    await hooks.remote(SPEC, [row["id"] for row in ids])


@pytest.mark.parametrize("heard", [False, True], ids=["request lost", "answer lost"])
@pytest.mark.parametrize(
    "stride", [4, pytest.param(1, marks=pytest.mark.slow)], ids=["every fourth", "every one"]
)
async def test_webhooks_cut_anywhere_tell_everything(
    fresh_database: FreshDatabase, heard: bool, stride: int
) -> None:
    for cut_at in range(1, _MOST, stride):
        async with fresh_database() as url, wire_to(url) as wire, receiver() as program:
            async with hooked(wire.url, pool_size=1) as hooks:
                await _prepared(hooks, program)
                wire.arm(cut_at, heard=heard)
                with suppress(*_LOST):
                    await hooks.look()
                    await hooks.work()
                wire.disarm()
                await hooks.look()
                for _ in range(3):
                    await hooks.work()
                    await _fallen(hooks)
                    hooks.clock.advance(timedelta(minutes=1))
                assert await hooks.value("SELECT count(*) FROM webhook_delivery") == 3
                assert await hooks.value("SELECT count(*) FROM message") == 0, cut_at
                assert set(await hooks.deliveries("status")) == {"delivered"}, cut_at
                assert set(await hooks.deliveries("attempts")) == {1}, cut_at
            told = program.numbers(A)
            assert told == sorted(told), cut_at
            assert set(program.numbers()) == {1, 2, 11}, cut_at
            assert len(program.heard) <= 5, cut_at
            assert len({one.event_id for one in program.heard}) == 3
        if not wire.cut:
            assert cut_at > 20, "they hardly spoke to the database"
            return
    pytest.fail("the enumeration never ended")
