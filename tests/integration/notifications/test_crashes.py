"""Whatever dies where, a payout is told of, and every letter of it has the same name."""

import random
from collections import Counter
from datetime import timedelta

import pytest

from adapters.mail.wording import sum_text
from domain.notifications.notification import NotGivenUp
from domain.shared.money import Money
from entrypoints.sandbox.mail import Fault
from tests.integration.notifications.office import PostOffice, ids, text_of


async def test_a_worker_that_died_after_sending_leads_to_the_same_letter_again(
    office: PostOffice,
) -> None:
    await office.hire(1)
    await office.paid(1)
    batch, _ = await office.leased()
    await office.send.call(batch)  # and nobody records it
    assert await office.work() == 0, "its lease hides the message"
    await office.leases_run_out()
    office.clock.advance(timedelta(minutes=7))
    await office.work()

    assert len(office.catcher.letters) == 2
    assert len(set(ids(office.catcher.letters))) == 1
    first, second = (one.message for one in office.catcher.letters)
    assert first.items()[:6] == second.items()[:6]
    assert await office.states() == [("sent", 2, None)]
    assert await office.told() == ["NotificationSent"]


async def test_a_worker_that_lost_its_lease_changes_nothing(office: PostOffice) -> None:
    await office.hire(1)
    office.catcher.expect(Fault.NEVER)
    await office.paid(1)
    batch, token = await office.leased()
    answers = await office.send.call(batch)  # a final no, told too late
    await office.leases_run_out()
    await office.work()

    async with office.open_uow() as uow:
        held = await office.store.finish(uow, token, [one.id for one in batch])
        kept = [pair for pair in zip(batch, answers, strict=True) if pair[0].id in held]
        await office.send.record(uow, kept)
        await uow.commit()

    assert held == set()
    assert await office.states() == [("sent", 2, None)]


async def test_a_server_that_dies_after_it_took_a_letter_gets_it_again(
    office: PostOffice,
) -> None:
    await office.hire(1)
    office.catcher.expect(Fault.DROP_TAKEN)
    await office.paid(1)
    await office.work()
    assert await office.states() == [("pending", 1, None)]
    office.clock.advance(timedelta(minutes=1))
    await office.job()
    await office.work()

    assert len(office.catcher.letters) == 2
    assert len(set(ids(office.catcher.letters))) == 1
    assert await office.states() == [("sent", 2, None)]


async def test_a_payout_is_told_of_once_however_many_messages_there_are(
    office: PostOffice,
) -> None:
    await office.hire(1)
    await office.paid(1)
    for _ in range(3):
        async with office.open_uow() as uow:
            await uow.driver.execute(
                "INSERT INTO message (queue, name, payload, order_key) "
                "SELECT queue, name, payload, order_key FROM message LIMIT 1"
            )
            await uow.commit()
    assert await office.work() == 4

    assert len(office.catcher.letters) == 1
    assert await office.told() == ["NotificationSent"]


async def test_the_first_notice_of_a_payout_is_the_one_that_is_sent(office: PostOffice) -> None:
    await office.hire(1)
    (payout,) = await office.paid(1)
    true = await office.notices_differ(payout, 9_999_999)
    await office.work()

    (letter,) = office.catcher.letters
    assert sum_text(Money.of(true, "USD"), "en") in letter.message["Subject"]
    assert await office.value("SELECT amount_minor FROM notification") == true


@pytest.mark.parametrize("seed", range(8))
async def test_faults_and_crashes_of_a_week_leave_nobody_untold_or_told_wrong(
    office: PostOffice, seed: int
) -> None:
    chance = random.Random(seed)
    for person in range(5):
        await office.hire(person)
    for _ in range(7):
        for fault in (Fault.LATER, Fault.DROP, Fault.DROP_TAKEN, Fault.NEVER, Fault.UNWANTED):
            if chance.random() < 0.5:
                recipient = f"worker{chance.randrange(6)}@example.org"
                office.catcher.expect(fault, recipient=recipient, times=chance.randrange(1, 4))
        await office.paid(*chance.sample(range(6), chance.randrange(1, 6)))
        for _ in range(chance.randrange(1, 5)):
            await _something(office, chance)
    office.catcher.troubles.clear()
    await office.leases_run_out()
    for _ in range(60):
        await office.work()
        office.clock.advance(timedelta(minutes=30))
        await office.job()

    payouts = {row["id"]: row for row in await office.rows("SELECT * FROM payout")}
    rows = {row["payout_id"]: row for row in await office.rows("SELECT * FROM notification")}
    assert rows.keys() == payouts.keys()
    assert {row["state"] for row in rows.values()} <= {"sent", "failed"}
    letters = Counter(ids(office.catcher.letters))
    for key, payout in payouts.items():
        row, name = rows[key], f"<payout-{key}@example.com>"
        assert row["amount_minor"] == payout["amount_minor"] > 0
        assert (row["state"] == "sent") <= (letters[name] >= 1)
        assert row["message_id"] in (None, name)
    for letter in office.catcher.letters:
        key = next(one for one in payouts if str(one) in text_of(letter))
        paid = Money.of(payouts[key]["amount_minor"], "USD")
        assert sum_text(paid, "en") in letter.message["Subject"]
    told = Counter(await office.told())
    states = Counter(row["state"] for row in rows.values())
    assert told["NotificationSent"] == states["sent"]
    assert told["NotificationFailed"] == states["failed"] + told["NotificationResent"]
    assert await office.open_count() == 0


async def _something(office: PostOffice, chance: random.Random) -> None:
    """Work, die, wait, or ask by hand for what failed."""
    match chance.randrange(5):
        case 0:
            await office.work()
        case 1:
            batch, _ = await office.leased()
            if batch:
                await office.send.call(batch)
            await office.leases_run_out()
        case 2:
            await office.leased()
            await office.leases_run_out()
        case 3:
            office.clock.advance(timedelta(minutes=chance.randrange(400)))
            await office.job()
        case _:
            for row in await office.rows("SELECT payout_id, state FROM notification"):
                if row["state"] == "failed":
                    await office.again(row["payout_id"])
                else:
                    with pytest.raises(NotGivenUp):
                        await office.again(row["payout_id"])
