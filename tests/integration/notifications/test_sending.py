"""Everybody who is paid is told of it once, in their language; money never waits for mail."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from adapters.mail.wording import sum_text
from adapters.metrics.state import StateMetrics
from adapters.postgres.feed import PostgresFeed
from application.notifications.messages import PAYOUT_NOTICE
from domain.shared.money import Money
from entrypoints.sandbox.mail import Fault
from tests.integration.notifications.office import DAY, MINUTE, PostOffice, ids, text_of
from tests.integration.tasks.exchange import PEOPLE

EVENTS = Path(__file__).parents[3] / "docs" / "events"


async def test_each_payout_is_told_of_once_with_its_sum_and_a_debt_is_not(
    office: PostOffice,
) -> None:
    for person in range(4):
        await office.hire(person)
    for _ in range(3):
        await office.owe(3)
        await office.paid(0, 1, 2)
        await office.work()

    payouts = await office.rows("SELECT id, person_id, amount_minor FROM payout")
    assert len(payouts) == 9
    assert len(office.catcher.letters) == 9
    for payout in payouts:
        person = PEOPLE.index(payout["person_id"])
        (letter,) = [
            one
            for one in office.catcher.to(f"worker{person}@example.org")
            if str(payout["id"]) in text_of(one)
        ]
        assert sum_text(Money.of(payout["amount_minor"], "USD"), "en") in letter.message["Subject"]
        assert letter.message["Message-ID"] == f"<payout-{payout['id']}@example.com>"
    assert {one["person_id"] for one in payouts} == set(PEOPLE[:3])
    assert await office.states() == [("sent", 1, None)] * 9
    assert await office.told() == ["NotificationSent"] * 9
    assert office.metrics.counts[("notifications", "payout", "sent")] == 9


async def test_what_was_carried_and_what_the_days_brought_are_in_the_letter(
    office: PostOffice,
) -> None:
    await office.hire(1, name="Нестор", language="ru")
    debt = await office.owe(1)
    office.clock.advance(DAY)
    await office.pay()
    task = await office.earn(1)
    task_two = await office.earn(1)
    office.clock.advance(DAY)
    await office.pay()
    await office.work()

    text = text_of(office.catcher.letters[0])
    net = task.reward - task.fee + task_two.reward - task_two.fee
    for amount in (-debt.fee, net, net - debt.fee):
        assert sum_text(Money.of(amount, "USD"), "ru") in text
    assert "Здравствуйте, Нестор!" in text
    assert "3 марта 2026 г." in text


async def test_a_payout_that_is_rolled_back_tells_nobody(office: PostOffice) -> None:
    await office.hire(1)
    await office.earn(1)
    office.clock.advance(DAY)

    class Cut(Exception):
        pass

    @asynccontextmanager
    async def cut() -> Any:
        async with office.open_uow() as uow:
            commit = uow.commit

            async def fails() -> None:
                if await uow.driver.fetchval("SELECT count(*) FROM payout"):
                    raise Cut
                await commit()

            uow.commit = fails  # type: ignore[method-assign]
            yield uow

    with pytest.raises(Cut):
        await office.pay(replace(office.payouts, units_of_work=cut))
    assert await office.open_count() == 0
    assert await office.value("SELECT count(*) FROM payout") == 0

    await office.pay()
    assert await office.open_count() == 1


async def test_a_letter_that_is_put_off_is_tried_again_when_its_time_has_come(
    office: PostOffice,
) -> None:
    await office.hire(1)
    office.catcher.expect(Fault.LATER, times=3)
    await office.paid(1)
    await office.work()

    for waited in (1, 2, 4):
        assert (await office.states())[0][0] == "pending"
        assert office.catcher.letters == []
        office.clock.advance(waited * MINUTE - timedelta(seconds=1))
        assert (await office.job()).counts == {}
        office.clock.advance(timedelta(seconds=1))
        assert (await office.job(dry_run=True)).counts == {"would_take_up": 1}
        assert (await office.job()).counts == {"taken_up": 1}
        assert (await office.job()).counts == {}, "it is on its way already"
        await office.work()

    assert len(office.catcher.letters) == 1
    assert await office.states() == [("sent", 4, None)]
    assert office.metrics.counts[("notifications", "payout", "put_off")] == 3


async def test_nobody_is_blocked_by_somebody_without_an_address(office: PostOffice) -> None:
    await office.hire(2)
    await office.paid(1, 2)
    await office.work()
    assert [len(office.catcher.to(f"worker{person}@example.org")) for person in (1, 2)] == [0, 1]
    assert await office.balance(1) == 0

    await office.hire(1)
    office.clock.advance(MINUTE)
    await office.job()
    await office.work()
    assert len(office.catcher.to("worker1@example.org")) == 1


async def test_after_a_day_it_is_given_up_and_can_be_sent_again(office: PostOffice) -> None:
    await office.hire(1, email=None)
    (payout,) = await office.paid(1)
    until = office.clock.now() + DAY
    await office.work()
    while (await office.states())[0][0] == "pending":
        office.clock.advance(30 * MINUTE)
        assert office.clock.now() <= until
        await office.job()
        await office.work()

    assert office.clock.now() == until
    assert (await office.states())[0][2] == "no_address"
    assert await office.told() == ["NotificationFailed"]
    async with office.open_uow() as uow:
        await uow.driver.execute("UPDATE person SET email = 'found@example.org'")
        await uow.commit()
    assert (await office.job()).counts == {}, "nobody tries by themselves any more"

    await office.again(payout)
    await office.work()
    (letter,) = office.catcher.to("found@example.org")
    assert ids([letter]) == [f"<payout-{payout}@example.com>"]
    assert await office.states() == [("sent", 1, None)]
    assert await office.told() == ["NotificationFailed", "NotificationResent", "NotificationSent"]


async def test_a_final_no_is_not_tried_again(office: PostOffice) -> None:
    address = await office.hire(1)
    office.catcher.expect(Fault.NEVER)
    (payout,) = await office.paid(1)
    await office.work()

    assert await office.states() == [("failed", 1, "refused")]
    shown = StateMetrics(office.engine, office.clock, [])
    assert b"kazna_notifications_failed 1.0" in await shown.text()
    error = await office.value("SELECT last_error FROM notification")
    assert "550" in error
    assert address not in error
    office.clock.advance(DAY)
    assert (await office.job()).counts == {}
    assert b"kazna_notifications_failed 0.0" in await shown.text(), "the alarm is about today"
    await office.again(payout)
    await office.work()
    assert await office.states() == [("sent", 1, None)]


async def test_without_a_mail_server_notices_wait_and_their_day_has_not_begun(
    office: PostOffice,
) -> None:
    await office.hire(1)
    office.use(mail=False)
    await office.paid(1)
    await office.work()
    assert await office.open_count() == 0
    office.clock.advance(7 * DAY)
    assert (await office.job()).counts == {}
    assert await office.states() == [("pending", 0, None)]

    office.use(mail=True)
    office.catcher.expect(Fault.LATER)
    assert (await office.job()).counts == {"taken_up": 1}
    await office.work()
    office.clock.advance(MINUTE)
    await office.job()
    await office.work()
    assert await office.states() == [("sent", 2, None)]


async def test_many_are_told_by_two_workers_each_once(office: PostOffice) -> None:
    for person in range(6):
        await office.hire(person)
    for _ in range(8):
        await office.paid(*range(6))
    done = await asyncio.gather(office.work(), office.work())

    assert sum(done) == 48
    assert min(done) > 0
    assert len(ids(office.catcher.letters)) == len(set(ids(office.catcher.letters))) == 48
    assert await office.told() == ["NotificationSent"] * 48


async def test_two_runs_of_the_job_take_each_up_once(office: PostOffice) -> None:
    for person in range(6):
        await office.hire(person)
    office.catcher.expect(Fault.LATER, times=6)
    await office.paid(*range(6))
    await office.work()
    office.clock.advance(MINUTE)

    await asyncio.gather(office.job(), office.job())

    assert await office.open_count() == 6
    await office.work()
    assert len(set(ids(office.catcher.letters))) == len(office.catcher.letters) == 6


async def test_what_is_told_fits_what_is_published(office: PostOffice) -> None:
    await office.hire(1)
    await office.hire(2)
    office.catcher.expect(Fault.NEVER, recipient="worker2@example.org")
    (_, refused) = await office.paid(1, 2)
    await office.work()
    await office.again(refused)
    events, _ = await PostgresFeed(office.engine).page(None, 500)

    seen = set()
    for event in events:
        if not event["event_name"].startswith("Notification"):
            continue
        schema = json.loads((EVENTS / event["event_name"] / "1.json").read_text())
        told = {name: value for name, value in event.items() if name != "place"}
        Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
            told
        )
        assert set(event["data"]) == set(schema["properties"]["data"]["properties"])
        seen.add(event["event_name"])
    assert seen == {"NotificationSent", "NotificationFailed", "NotificationResent"}


async def test_a_message_that_is_no_notice_dies_and_its_neighbours_go_on(
    office: PostOffice,
) -> None:
    await office.hire(1)
    await office.paid(1)
    async with office.open_uow() as uow:
        await uow.driver.execute(
            "INSERT INTO message (queue, name, payload) VALUES ($1, $2, $3::jsonb)",
            "notifications",
            PAYOUT_NOTICE,
            '{"payout_id": "nonsense"}',
        )
        await uow.commit()
    await office.work()

    assert len(office.catcher.letters) == 1
    (dead,) = await office.rows("SELECT state, error FROM message")
    assert dead["state"] == "dead"
    assert "no notice" in dead["error"]
