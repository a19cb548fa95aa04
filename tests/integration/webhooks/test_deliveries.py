"""What a program hears: every event it asks for, once, signed, in line per aggregate."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from adapters.postgres.feed import PostgresFeed
from adapters.postgres.webhook_deliveries import webhook_reading
from tests.adapters.raw_server import answer
from tests.integration.webhooks.hooks import SPEC, Hooks, hooked
from tests.integration.webhooks.receiver import GOOD, Heard, Receiver, receiver

A, B, C = (UUID(int=number) for number in (1, 2, 3))


async def test_an_event_is_told_once_in_its_envelope_and_signed(
    hooks: Hooks, program: Receiver
) -> None:
    _, secret = await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, aggregate=A)
    await hooks.tell()
    await hooks.tell()

    [heard] = program.heard
    published, _ = await PostgresFeed(hooks.engine).page(None, 100)
    [event] = [dict(one) for one in published if one["event_name"] == "payment.succeeded"]
    del event["place"]
    assert heard.verified(secret) == event
    assert heard.event_id == event["event_id"]
    assert heard.line == "POST /hooks HTTP/1.1"
    assert heard.headers["content-type"] == "application/json"
    assert "два слова" in heard.body.decode()
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(heard.body, heard.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(heard.body + b" ", heard.headers)
    assert await hooks.deliveries("status", "attempts", "last_code", "why") == [
        ("delivered", 1, 204, None)
    ]


async def test_only_what_is_asked_for_is_told(hooks: Hooks, program: Receiver) -> None:
    await hooks.endpoint(program.url, "payment.refunded", "invoice.*", "TaskPriced")
    names = ["payment.refunded", "payment.succeeded", "invoice.paid", "invoices.odd", "TaskPriced"]
    for number, name in enumerate(names):
        await hooks.happened(number, aggregate=uuid4(), name=name)
    await hooks.tell()

    assert sorted(program.numbers()) == [0, 2, 4]


async def test_nothing_is_told_of_what_was_before(hooks: Hooks, program: Receiver) -> None:
    await hooks.happened(1, aggregate=A)
    await hooks.endpoint(program.url, "payment.*")
    await hooks.tell()
    assert program.heard == []

    await hooks.happened(2, aggregate=A)
    await hooks.tell()
    assert program.numbers() == [2]


async def test_several_who_order_at_once_order_everything_once(
    hooks: Hooks, program: Receiver
) -> None:
    async with receiver() as other:
        await hooks.endpoint(program.url, "payment.*")
        await hooks.endpoint(other.url, "*")
        await hooks.happened(*range(30), aggregate=A)
        await asyncio.gather(*(hooks.look(piece=7) for _ in range(4)))
        messages = await hooks.value("SELECT count(*) FROM message")
        told = await hooks.value(
            "SELECT count(*) FROM webhook_delivery WHERE event_name = 'payment.succeeded'"
        )
        assert told == 60
        assert messages == await hooks.value("SELECT count(*) FROM webhook_delivery")
        await asyncio.gather(*(hooks.work() for _ in range(3)))

    assert program.numbers() == list(range(30))
    assert other.numbers(A) == list(range(30))


async def test_whoever_reads_the_feed_is_alone(hooks: Hooks, program: Receiver) -> None:
    await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, aggregate=A)
    reading = webhook_reading()
    async with hooks.open_uow() as uow:
        await reading.hold(uow)
        second = asyncio.create_task(hooks.order())
        while not await hooks.value(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            assert not second.done(), "it did not wait"
            await asyncio.sleep(0.01)
        await uow.commit()
    await second
    await hooks.tell()
    assert program.numbers() == [1]


async def test_an_endpoint_has_an_event_once_whatever_orders_it(
    hooks: Hooks, program: Receiver
) -> None:
    await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, 2, aggregate=A)
    await hooks.tell()
    async with hooks.open_uow() as uow:
        await uow.driver.execute("UPDATE feed_cursor SET transaction = 0, position = 0")
        await uow.commit()
    await hooks.tell()

    assert program.numbers() == [1, 2]


async def test_one_that_fails_holds_up_its_own_aggregate_alone(
    hooks: Hooks, program: Receiver
) -> None:
    failing = {"n": 1}

    def decide(heard: Heard) -> bytes:
        return answer(500, b"no") if heard.told["data"]["n"] == failing["n"] else GOOD

    program.decide = decide
    await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, 2, 3, aggregate=A)
    await hooks.happened(11, 12, aggregate=B)
    await hooks.tell()
    assert program.numbers(A) == [1]
    assert program.numbers(B) == [11, 12]
    assert await hooks.deliveries("n", "status") == [
        (1, "waiting"),
        (2, "held"),
        (3, "held"),
        (11, "delivered"),
        (12, "delivered"),
    ]

    await hooks.later(seconds=6)
    await hooks.happened(4, aggregate=A)
    await hooks.tell()
    failing["n"] = 0
    await hooks.later(minutes=6)
    assert program.numbers(A) == [1, 1, 1, 2, 3, 4]
    assert set(await hooks.deliveries("status")) == {"delivered"}


async def test_events_of_one_aggregate_are_in_line_however_many_workers_there_are(
    hooks: Hooks, program: Receiver
) -> None:
    chance = random.Random(7)
    refused: set[str] = set()

    def decide(heard: Heard) -> bytes:
        if heard.event_id not in refused and chance.random() < 0.2:
            refused.add(heard.event_id)
            return answer(503, b"later")
        return GOOD

    program.decide = decide
    program.delay_seconds = lambda _: chance.random() / 100
    await hooks.endpoint(program.url, "payment.*")
    for number in range(12):
        for aggregate in (A, B, C):
            await hooks.happened(number, aggregate=aggregate)
    for _ in range(20):
        await hooks.look()
        await asyncio.gather(*(hooks.work() for _ in range(4)))
        hooks.clock.advance(timedelta(seconds=6))
    assert set(await hooks.deliveries("status")) == {"delivered"}
    assert len(refused) > 3
    for aggregate in (A, B, C):
        good = list(dict.fromkeys(program.numbers(aggregate)))
        assert program.numbers(aggregate) == sorted(program.numbers(aggregate))
        assert good == list(range(12))


async def test_a_process_that_died_after_sending_tells_the_same_again(
    hooks: Hooks, program: Receiver
) -> None:
    await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, 2, aggregate=A)
    await hooks.look()
    dead = await hooks.store.lease(SPEC, [])
    answers = await hooks.deliver.call(dead.batch)
    await hooks.work()
    assert program.numbers() == [1], "the lease holds, and the next one waits behind it"

    async with hooks.open_uow() as uow:
        await uow.driver.execute(
            "UPDATE message SET lease_until = now() - interval '1 second' WHERE state = 'leased'"
        )
        await uow.commit()
    await hooks.remote(SPEC, [message.id for message in dead.batch])
    async with hooks.open_uow() as uow:
        assert await hooks.store.finish(uow, dead.token, [one.id for one in dead.batch]) == set()
    await hooks.work()

    assert program.numbers() == [1, 1, 2]
    assert len({one.event_id for one in program.heard}) == 2
    assert len({(one.event_id, one.body) for one in program.heard}) == 2
    assert await hooks.deliveries("n", "status", "attempts") == [
        (1, "delivered", 1),
        (2, "delivered", 1),
    ]
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("said", "code", "text"),
    [
        (answer(302, b"", location="http://127.0.0.1/"), 302, ""),
        (answer(500, b"\xffa\x00b" + b"x" * 5000), 500, "\ufffdab" + "x" * 497),
        (None, None, None),
    ],
    ids=["redirect", "long answer", "hang up"],
)
async def test_whatever_is_no_good_answer_is_kept_and_tried_again(
    hooks: Hooks, program: Receiver, said: bytes | None, code: int | None, text: str | None
) -> None:
    program.decide = lambda _: said
    await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, aggregate=A)
    await hooks.tell()

    [row] = await hooks.deliveries("status", "last_code", "last_answer", "attempts")
    assert row == ("waiting", code, text, 1)
    assert len(program.heard) == 1
    assert await hooks.value("SELECT last_ms FROM webhook_delivery") is not None


async def test_our_own_network_is_never_called(database_url: str, program: Receiver) -> None:
    async with hooked(database_url, loopback_allowed=False) as hooks:
        await hooks.endpoint(f"http://localhost:{program.port}/hooks", "payment.*")
        await hooks.happened(1, aggregate=A)
        await hooks.tell()

        assert program.heard == []
        [(status, why)] = await hooks.deliveries("status", "why")
        assert (status, why) == ("waiting", "localhost is not a public address")


async def test_one_that_never_answers_is_left_in_peace_and_keeps_nobody_waiting(
    hooks: Hooks, program: Receiver
) -> None:
    async with receiver() as silent:
        silent.decide = lambda _: None
        await hooks.endpoint(silent.url, "payment.*")
        for number in range(60):
            await hooks.happened(number, aggregate=uuid4())
        await hooks.look()
        await hooks.work()
        assert 3 <= len(silent.heard) <= SPEC.batch_limit
        untried = await hooks.value("SELECT count(*) FROM webhook_delivery WHERE attempts = 0")
        assert untried == 60 - len(silent.heard)
        assert set(await hooks.deliveries("status")) == {"waiting"}

        silent.decide = lambda _: GOOD
        for _ in range(10):
            await hooks.later(minutes=1)
        assert set(await hooks.deliveries("status")) == {"delivered"}


async def test_secrets_are_sealed_in_the_database(
    hooks: Hooks, program: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        key, secret = await hooks.endpoint(program.url, "payment.*")
        new = await hooks.rotate(key)
        program.decide = lambda _: answer(410, b"")
        await hooks.happened(1, aggregate=A)
        await hooks.tell()
    for table in ("webhook_secret", "webhook_endpoint", "webhook_delivery", "event", "message"):
        for row in await hooks.rows(f"SELECT {table}::text AS whole FROM {table}"):
            for one in (secret, new):
                assert one not in row["whole"]
                assert one.removeprefix("whsec_") not in row["whole"]
    assert "whsec_" not in caplog.text
    assert "switched off" in caplog.text


async def test_a_rotated_secret_signs_beside_the_old_one_for_a_day(
    hooks: Hooks, program: Receiver
) -> None:
    key, old = await hooks.endpoint(program.url, "payment.*")
    new = await hooks.rotate(key)
    await hooks.happened(1, aggregate=A)
    await hooks.tell()
    assert program.heard[0].verified(old) == program.heard[0].verified(new)
    assert program.heard[0].headers["webhook-signature"].count("v1,") == 2

    await hooks.later(hours=24, seconds=1)
    await hooks.happened(2, aggregate=A)
    await hooks.tell()
    last = program.heard[-1]
    assert last.verified(new)["data"]["n"] == 2
    with pytest.raises(WebhookVerificationError):
        last.verified(old)

    newest = await hooks.rotate(key)
    assert await hooks.value("SELECT count(*) FROM webhook_secret") == 2
    await hooks.happened(3, aggregate=A)
    await hooks.tell()
    assert program.heard[-1].verified(newest) == program.heard[-1].verified(new)


async def test_what_was_sealed_with_a_lost_key_waits_for_a_new_secret(
    hooks: Hooks, program: Receiver
) -> None:
    key, _ = await hooks.endpoint(program.url, "payment.*")
    async with hooks.open_uow() as uow:
        await uow.driver.execute(
            "UPDATE webhook_secret SET sealed = overlay(sealed placing 'AAAA' from 60 for 4)"
        )
        await uow.commit()
    await hooks.happened(1, aggregate=A)
    await hooks.tell()
    assert program.heard == []
    assert "not here any more" in str(await hooks.deliveries("why"))

    async with hooks.open_uow() as uow:
        await uow.driver.execute("DELETE FROM webhook_secret")
        await uow.commit()
    secret = await hooks.rotate(key)
    await hooks.later(minutes=1)
    assert program.heard[0].verified(secret)["data"]["n"] == 1


async def test_the_log_says_what_a_row_may_say(hooks: Hooks, program: Receiver) -> None:
    await hooks.endpoint(program.url, "payment.*")
    await hooks.happened(1, aggregate=A)
    await hooks.tell()
    for wrong in ("status = 'sent'", "status = 'waiting'", "settled_at = NULL"):
        with pytest.raises(asyncpg.CheckViolationError):
            async with hooks.open_uow() as uow:
                await uow.driver.execute(f"UPDATE webhook_delivery SET {wrong}")
    with pytest.raises(asyncpg.UniqueViolationError):
        async with hooks.open_uow() as uow:
            await uow.driver.execute(
                "INSERT INTO webhook_secret (id, endpoint_id, sealed, created_at) "
                "SELECT gen_random_uuid(), endpoint_id, sealed, now() FROM webhook_secret"
            )
