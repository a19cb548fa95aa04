"""Deliveries and endpoints that fail: tried for days, then given up, seen, and sent again."""

from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from adapters.metrics.state import StateMetrics
from adapters.postgres.connections import borrowed
from adapters.postgres.pruning import prune
from application.errors import Conflict, NotFound
from domain.webhooks.tries import MOST_TRIES
from tests.adapters.raw_server import answer
from tests.integration.billing.house import cause
from tests.integration.webhooks.hooks import Hooks
from tests.integration.webhooks.receiver import GOOD, Heard, Receiver, receiver

A, B = UUID(int=1), UUID(int=2)
BAD = answer(500, b"no")
STATE = "SELECT status, disabled_why FROM webhook_endpoint"


async def state(hooks: Hooks) -> tuple[str, str | None]:
    [row] = await hooks.rows(STATE)
    return row["status"], row["disabled_why"]


async def try_to_the_end(hooks: Hooks) -> list[datetime]:
    """Do what is due when it is due, and not before; return when it was tried."""
    tried = [hooks.clock.now()]
    while (
        due := await hooks.value(
            "SELECT min(next_try_at) FROM webhook_delivery WHERE status = 'waiting'"
        )
    ) is not None:
        before = await hooks.value("SELECT sum(attempts) FROM webhook_delivery")
        hooks.clock.instant = due - timedelta(seconds=1)
        await hooks.tell()
        assert await hooks.value("SELECT sum(attempts) FROM webhook_delivery") == before
        hooks.clock.instant = due
        await hooks.tell()
        tried.append(due)
    return tried


async def resent(hooks: Hooks, endpoint_id: UUID, since: datetime, limit: int = 100) -> int:
    async with hooks.open_uow() as uow:
        count = await hooks.resend.failed(uow, endpoint_id, since, limit)
        await uow.commit()
    return count


async def sent_again(hooks: Hooks, key: UUID) -> bool:
    async with hooks.open_uow() as uow:
        ordered = await hooks.resend.one(uow, key)
        await uow.commit()
    return ordered


async def test_it_is_tried_for_three_days_and_then_the_endpoint_is_off(
    hooks: Hooks, program: Receiver
) -> None:
    program.decide = lambda _: BAD
    await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, 2, aggregate=A)
    await hooks.tell()
    tried = await try_to_the_end(hooks)

    assert program.numbers() == [1] * MOST_TRIES
    assert len({one.event_id for one in program.heard}) == 1
    waits = [later - earlier for earlier, later in pairwise(tried)]
    assert waits == sorted(waits)
    assert timedelta(seconds=5) <= waits[0] <= timedelta(seconds=5.5)
    assert timedelta(days=3) < tried[-1] - tried[0] < timedelta(days=3.5)
    assert await state(hooks) == ("disabled", "failing")
    assert await hooks.deliveries("n", "status", "attempts") == [
        (1, "failed", 10),
        (2, "failed", 0),
    ]
    assert await hooks.rows(
        "SELECT data ->> 'why' AS why FROM event WHERE name = 'webhooks.endpoint_disabled'"
    ) == [{"why": "failing"}]
    text = (await StateMetrics(hooks.engine, hooks.clock, []).text()).decode()
    assert "kazna_webhook_endpoints_given_up 1.0" in text


async def test_a_good_answer_to_anything_keeps_the_endpoint_on(
    hooks: Hooks, program: Receiver
) -> None:
    def decide(heard: Heard) -> bytes:
        return BAD if heard.told["aggregate_id"] == str(A) else GOOD

    program.decide = decide
    await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, 2, aggregate=A)
    await hooks.tell()
    assert (
        "kazna_webhook_failing_seconds"
        in (await StateMetrics(hooks.engine, hooks.clock, []).text()).decode()
    )
    while "waiting" in await hooks.deliveries("status"):
        await hooks.happened(9, aggregate=B)
        await hooks.later(hours=25)
        if await hooks.value("SELECT attempts FROM webhook_delivery ORDER BY position") == 10:
            break

    assert await state(hooks) == ("enabled", None)
    first, second = (await hooks.deliveries("status", "attempts"))[:2]
    assert first == ("failed", 10)
    assert second[1] >= 1, "what was held behind it goes on"


async def test_one_that_says_it_is_gone_is_off_at_once(hooks: Hooks, program: Receiver) -> None:
    program.decide = lambda _: answer(410, b"")
    key, _ = await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, 2, aggregate=A)
    await hooks.tell()
    await hooks.happened(3, aggregate=A)
    await hooks.tell()

    assert await state(hooks) == ("disabled", "gone")
    assert await hooks.deliveries("n", "status", "last_code", "why") == [
        (1, "failed", 410, "the endpoint is off: gone"),
        (2, "failed", None, "the endpoint is off: gone"),
    ]
    assert len(program.heard) == 1

    program.decide = lambda _: GOOD
    with pytest.raises(Conflict):
        await resent(hooks, key, hooks.clock.now() - timedelta(days=1))
    await hooks.change(key, is_enabled=True)
    await hooks.happened(4, aggregate=A)
    await hooks.tell()
    assert program.numbers() == [1, 4], "what happened while it was off is in the feed"


async def test_what_failed_is_sent_again_in_line_when_somebody_asks(
    hooks: Hooks, program: Receiver
) -> None:
    program.decide = lambda _: answer(410, b"")
    key, _ = await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(0, aggregate=A)
    before = hooks.clock.now()
    await hooks.tell()
    hooks.clock.advance(timedelta(minutes=1))
    await hooks.change(key, is_enabled=True)
    await hooks.happened(1, 2, 3, aggregate=A)
    await hooks.happened(11, aggregate=B)
    since = hooks.clock.now()
    await hooks.tell()
    await hooks.change(key, is_enabled=True)
    program.heard.clear()
    program.decide = lambda _: GOOD

    assert await resent(hooks, key, since) == 4
    assert await resent(hooks, key, since) == 0, "they are on their way"
    await hooks.tell()
    assert program.numbers(A) == [1, 2, 3]
    assert program.numbers(B) == [11]
    assert await resent(hooks, key, before) == 1
    await hooks.tell()
    assert set(await hooks.deliveries("status")) == {"delivered"}


async def test_one_is_sent_again_whether_it_was_delivered_or_not(
    hooks: Hooks, program: Receiver
) -> None:
    await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, aggregate=A)
    await hooks.tell()
    [key] = await hooks.deliveries("id")
    assert await sent_again(hooks, key)
    assert not await sent_again(hooks, key), "it is on its way"
    await hooks.tell()
    assert program.numbers() == [1, 1]
    assert program.heard[0].event_id == program.heard[1].event_id

    program.decide = lambda _: BAD
    assert await sent_again(hooks, key)
    await hooks.tell()
    program.decide = lambda _: GOOD
    assert await sent_again(hooks, key), "it does not have to wait for its next try"
    await hooks.tell()
    assert await hooks.deliveries("status", "attempts") == [("delivered", 4)]
    with pytest.raises(NotFound):
        await sent_again(hooks, uuid4())


async def test_what_waits_goes_to_the_new_address(hooks: Hooks, program: Receiver) -> None:
    program.decide = lambda _: BAD
    async with receiver() as other:
        key, secret = await hooks.endpoint(program.url, "payment.*")
        await hooks.happened(1, aggregate=A)
        await hooks.tell()
        await hooks.change(key, url=other.url)
        await hooks.later(minutes=1)
        assert len(program.heard) == 1
        assert other.heard[0].verified(secret)["data"]["n"] == 1


async def test_what_was_ordered_for_one_that_is_off_meanwhile_is_given_up(
    hooks: Hooks, program: Receiver
) -> None:
    key, _ = await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, aggregate=A)
    await hooks.look()
    async with hooks.open_uow() as uow:  # ordered by somebody who has not seen it yet
        await uow.driver.execute(
            "UPDATE webhook_endpoint SET status = 'disabled', disabled_at = now(), "
            "disabled_why = 'by_hand' WHERE id = $1",
            key,
        )
        await uow.commit()
    await hooks.work()
    assert program.heard == []
    assert await hooks.deliveries("status") == ["failed"]


async def test_a_test_is_told_to_that_endpoint_alone(hooks: Hooks, program: Receiver) -> None:
    async with receiver() as other:
        key, secret = await hooks.endpoint(program.url, "invoice.paid")
        await hooks.endpoint(other.url, "*")
        await hooks.tell()
        other.heard.clear()
        async with hooks.open_uow() as uow:
            await hooks.endpoints.test(uow, key, cause())
            await uow.commit()
        await hooks.tell()

        [heard] = program.heard
        assert heard.verified(secret)["event_name"] == "webhooks.tested"
        assert other.heard == []
        await hooks.change(key, is_enabled=False)
        async with hooks.open_uow() as uow:
            with pytest.raises(Conflict):
                await hooks.endpoints.test(uow, key, cause())


async def test_old_deliveries_go_and_open_ones_stay(hooks: Hooks, program: Receiver) -> None:
    def decide(heard: Heard) -> bytes:
        return BAD if heard.told["aggregate_id"] == str(B) else GOOD

    program.decide = decide
    await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, 2, 3, aggregate=A)
    await hooks.happened(4, aggregate=B)
    await hooks.tell()
    async with borrowed(hooks.engine) as (_, driver):
        await driver.execute(
            "UPDATE webhook_delivery SET kept_since = now() - interval '31 days' "
            "WHERE (SELECT (data ->> 'n')::int FROM event "
            "WHERE event_id = webhook_delivery.event_id) <> 3"
        )
        assert await prune(driver, timedelta(days=180), 1) == 1
        assert await prune(driver, timedelta(days=180), 10) == 1
    assert await hooks.deliveries("n", "status") == [(3, "delivered"), (4, "waiting")]
