"""A provider carries payouts out: once each, settled or returned and never both."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from jsonschema import Draft202012Validator

from adapters.clock import ManualClock
from adapters.memory.payouts import PayoutFault, ScriptedPayouts
from adapters.postgres.engine import create_engine
from adapters.postgres.feed import PostgresFeed
from adapters.postgres.ledger_books import books
from application.errors import NotFound
from application.ledger.check import CheckLedger
from application.ledger.payout_methods import Paid, PayoutOrder, Refused
from application.ledger.send_payouts import Ended
from application.ports import Done
from domain.ledger.destination import Destination
from domain.ledger.payout import IllegalPayoutMove, payout_id
from domain.shared.money import Money
from tests.contract.payouts import yookassa
from tests.integration.tasks.exchange import PEOPLE, START, Task, TaskExchange, day, messages
from tests.integration.tasks.paid_out import PaidOut, wallet_of
from tests.integration.tasks.test_payouts import Killed, earn, owe
from tests.integration.tasks.test_published import schema_of

DAY = timedelta(days=1)


@pytest.fixture
def provider() -> ScriptedPayouts:
    return ScriptedPayouts(ManualClock(START))


@pytest.fixture
async def house(database_url: str, provider: ScriptedPayouts) -> AsyncIterator[PaidOut]:
    engine = create_engine(database_url)
    clock: ManualClock = provider._clock  # type: ignore[assignment]
    built = PaidOut(engine, clock, provider)
    yield built
    assert await built.broken() == []
    assert (await CheckLedger(books(engine))()).is_clean
    await engine.dispose()


async def one_payout(house: PaidOut, person: int = 1) -> int:
    """Let somebody earn something, and a run pay it; return how much."""
    task = await earn(house, 1, person)
    await house.says(person)
    house.clock.advance(DAY)
    await house.pay()
    return task.reward - task.fee


async def test_a_payout_is_on_its_way_until_the_provider_has_paid(house: PaidOut) -> None:
    due = await one_payout(house)
    assert await house.paid_out() == [(1, "pending", due)]
    assert await house.balance(1) == 0
    assert await house.broken() == []
    assert "PayoutSettled" not in await house.told()

    await house.sends()

    assert await house.paid_out() == [(1, "settled", due)]
    assert await house.sending() == []
    assert (await house.told())[-1] == "PayoutSettled"
    cash = await house.value(
        "SELECT sum(amount_minor) FROM entry JOIN account ON account.id = account_id "
        "WHERE code = 'cash'"
    )
    assert cash == -due


async def test_a_refused_payout_is_in_the_wallet_again_and_paid_by_the_next_run(
    house: PaidOut, provider: ScriptedPayouts
) -> None:
    provider.decline(wallet_of(1), "recipient_not_found")
    due = await one_payout(house)

    await house.sends()

    assert await house.paid_out() == [(1, "returned", due)]
    assert await house.balance(1) == due
    (entered,) = await house.rows("SELECT * FROM wallet_day WHERE settled_run IS NULL")
    assert (entered["day"], entered["adjustments_minor"]) == (day(3), due)
    (why,) = await house.rows("SELECT why, reference FROM payout")
    assert why == {"why": "recipient_not_found", "reference": "po-1"}
    assert (await house.told())[-2:] == ["OperationPosted", "PayoutReturned"]
    await house.says(1, "4" * 20)
    house.clock.advance(DAY)
    await house.pay()
    await house.sends()
    assert await house.paid_out() == [(1, "returned", due), (1, "settled", due)]
    assert await house.balance(1) == 0


async def test_nobody_is_paid_who_has_not_said_where(
    house: PaidOut, provider: ScriptedPayouts
) -> None:
    first = await earn(house, 1, 1)
    await earn(house, 2, 2)
    await house.says(2)
    house.clock.advance(DAY)
    await house.pay()
    assert [person for person, _, _ in await house.paid_out()] == [2]
    second = await earn(house, 3, 1)
    house.clock.advance(DAY)
    assert (await house.pay()).counts["settled"] == 1

    await house.says(1)
    house.clock.advance(DAY)
    await house.pay()
    await house.sends()

    both = first.reward - first.fee + second.reward - second.fee
    assert [one for one in await house.paid_out() if one[0] == 1] == [(1, "settled", both)]


async def test_where_nobody_is_known_nothing_is_said(house: PaidOut) -> None:
    with pytest.raises(NotFound):
        await house.says(5)
    assert await house.value("SELECT count(*) FROM payout_destination") == 0


async def test_a_payout_goes_where_it_was_settled_to_go(
    house: PaidOut, provider: ScriptedPayouts
) -> None:
    provider.inject(PayoutFault.ANSWER_LOST)
    await one_payout(house)
    await house.sends()

    await house.says(1, "7" * 15)
    await house.sends()

    (payout,) = await house.rows("SELECT state, account FROM payout")
    assert payout == {"state": "settled", "account": wallet_of(1)}
    assert provider.executed(await house.payout_id()) == 1


async def test_a_lost_answer_is_asked_for_again_and_paid_once(
    house: PaidOut, provider: ScriptedPayouts
) -> None:
    provider.inject(*[PayoutFault.ANSWER_LOST] * 3, PayoutFault.REQUEST_LOST)
    due = await one_payout(house)

    for _ in range(4):
        await house.sends()
        assert await house.paid_out() == [(1, "pending", due)]
    await house.sends()

    assert await house.paid_out() == [(1, "settled", due)]
    assert provider.executed(await house.payout_id()) == 1


@pytest.mark.parametrize(("refused_for", "state"), [(None, "settled"), ("fraud", "returned")])
async def test_a_payout_the_provider_works_on_waits_without_wearing_out(
    house: PaidOut, provider: ScriptedPayouts, refused_for: str | None, state: str
) -> None:
    provider.waits = True
    due = await one_payout(house)
    for _ in range(3):
        await house.sends()
        house.clock.advance(2 * DAY)
    (waiting,) = await house.sending()
    assert (waiting["state"], waiting["attempt"]) == ("ready", 0)
    assert await house.value("SELECT reference FROM payout") == "po-1"
    assert await house.paid_out() == [(1, "pending", due)]

    provider.decide(await house.payout_id(), refused_for=refused_for)
    await house.sends()

    assert await house.paid_out() == [(1, state, due)]
    assert provider.executed(await house.payout_id()) == 1


async def test_a_forgotten_key_is_looked_up_and_never_used_again(
    house: PaidOut, provider: ScriptedPayouts
) -> None:
    provider.inject(PayoutFault.ANSWER_LOST)
    due = await one_payout(house)
    await house.sends()
    house.clock.advance(timedelta(hours=23, minutes=30))

    await house.sends()

    assert await house.paid_out() == [(1, "settled", due)]
    assert provider.executed(await house.payout_id()) == 1


@pytest.mark.parametrize("away", [False, True])
async def test_what_was_paid_before_a_restore_is_not_paid_again(
    house: PaidOut, provider: ScriptedPayouts, away: bool
) -> None:
    task = await earn(house, 1, 1)
    await house.says(1)
    house.clock.advance(DAY)
    order = PayoutOrder(
        payout_id=payout_id(PEOPLE[1], "RUB", day(2)),
        money=Money.of(task.reward - task.fee, "RUB"),
        destination=Destination(wallet_of(1)),
        run_date=day(2),
    )
    assert await provider.pay(order) == Paid("po-1")  # by books that are lost
    house.clock.advance(3 * DAY)

    await house.pay()
    if away:
        provider.is_down = True
        await house.sends()
        provider.is_down = False
    await house.sends()

    assert await house.paid_out() == [(1, "settled", task.reward - task.fee)]
    assert provider.executed(order.payout_id) == 1


async def test_a_run_that_is_late_pays_all_the_same(house: PaidOut) -> None:
    task = await earn(house, 1, 1)
    await house.says(1)
    house.clock.advance(9 * DAY)
    await house.pay()

    await house.sends()

    assert await house.paid_out() == [(1, "settled", task.reward - task.fee)]


async def test_a_return_waits_for_who_moves_the_wallet_and_never_the_other_way_round(
    house: PaidOut,
) -> None:
    due = await one_payout(house)
    task = Task(2, now=house.clock.now())
    async with house.open_uow() as uow:
        await house.wallets.lock(uow, {(PEOPLE[1], "RUB")})
        returning = asyncio.create_task(recorded(house, Refused("fraud", "po-1")))
        while not await house.value(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            assert not returning.done()
            await asyncio.sleep(0.01)
        await house.digest(uow, messages([task.created(), task.assigned(1)]))
        await uow.commit()

    assert await returning == "Refused"
    assert await house.balance(1) == due - task.fee


async def test_what_was_never_executed_is_returned_once_that_is_certain(
    house: PaidOut, provider: ScriptedPayouts
) -> None:
    provider.inject(PayoutFault.REQUEST_LOST)
    due = await one_payout(house)
    await house.sends()
    house.clock.advance(timedelta(hours=24))
    await house.sends()
    assert await house.paid_out() == [(1, "pending", due)], "a request may still be on its way"
    house.clock.advance(timedelta(hours=1))
    provider.is_down = True
    await house.sends()
    assert await house.paid_out() == [(1, "pending", due)], "a list that was not read says nothing"
    provider.is_down = False

    await house.sends()

    assert await house.paid_out() == [(1, "returned", due)]
    assert provider.executed(await house.payout_id()) == 0
    assert await house.balance(1) == due


async def test_a_refusal_of_the_second_call_says_nothing_of_the_first(
    house: PaidOut, provider: ScriptedPayouts
) -> None:
    provider.inject(PayoutFault.ANSWER_LOST, PayoutFault.REQUEST_REFUSED)
    due = await one_payout(house)
    await house.sends()

    await house.sends()

    assert await house.paid_out() == [(1, "settled", due)]


async def test_a_refusal_of_the_only_call_returns_the_money(
    house: PaidOut, provider: ScriptedPayouts
) -> None:
    provider.inject(PayoutFault.REQUEST_REFUSED)
    due = await one_payout(house)

    await house.sends()

    assert await house.paid_out() == [(1, "returned", due)]


async def test_a_refused_repeat_of_what_is_not_there_waits_an_hour(
    house: PaidOut, provider: ScriptedPayouts
) -> None:
    provider.inject(PayoutFault.REQUEST_LOST, *[PayoutFault.REQUEST_REFUSED] * 2)
    due = await one_payout(house)
    await house.sends()
    await house.sends()
    assert await house.paid_out() == [(1, "pending", due)]

    house.clock.advance(timedelta(hours=1))
    await house.sends()

    assert await house.paid_out() == [(1, "returned", due)]


async def test_a_provider_that_is_not_configured_any_more_ends_nothing(house: PaidOut) -> None:
    due = await one_payout(house)
    object.__setattr__(house.send, "providers", {})

    await house.sends()

    assert await house.paid_out() == [(1, "pending", due)]
    (waiting,) = await house.sending()
    assert "no payout provider" in waiting["error"]


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("when", range(6))
async def test_a_worker_that_is_killed_anywhere_pays_once(
    house: PaidOut, provider: ScriptedPayouts, when: int, refused: bool
) -> None:
    if refused:
        provider.decline(wallet_of(1), "recipient_not_found")
    due = await one_payout(house)
    provider.waits = not refused
    opened, left = house.open_uow, when

    def counted() -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return opened()

    for part in (house.send, house.shop):
        object.__setattr__(part, "units_of_work", counted)
    try:
        await house.sends()
        provider.decide(await house.payout_id())
        await house.sends()
    except Killed:
        assert await house.broken() == []
    for part in (house.send, house.shop):
        object.__setattr__(part, "units_of_work", opened)
    provider.decide(await house.payout_id())
    await house.sends()
    provider.decide(await house.payout_id())
    await house.sends()

    assert await house.paid_out() == [(1, "returned" if refused else "settled", due)]
    assert provider.executed(await house.payout_id()) == 1
    assert await house.balance(1) == (due if refused else 0)


async def test_a_crash_between_the_call_and_its_record_changes_nothing(
    house: PaidOut, provider: ScriptedPayouts
) -> None:
    due = await one_payout(house)
    (answer,) = await house.send.call([await house.message()])
    assert isinstance(answer, Ended)
    assert await house.paid_out() == [(1, "pending", due)]

    await house.sends()

    assert await house.paid_out() == [(1, "settled", due)]
    assert provider.executed(await house.payout_id()) == 1


async def recorded(house: PaidOut, answer: Paid | Refused) -> str:
    """Record an answer as one of several handlers that have the same message."""
    message = await house.message()
    async with house.open_uow() as uow:
        kept = await house.rows_of_payouts.lock(uow, [await house.payout_id()])
    ended = Ended(next(iter(kept.values())), answer)
    try:
        async with house.open_uow() as uow:
            await house.send.record(uow, [(message, ended)])
            await uow.commit()
    except IllegalPayoutMove:
        return "refused"
    return type(answer).__name__


@pytest.mark.parametrize("round_", range(4))
async def test_two_handlers_at_once_end_a_payout_one_way(house: PaidOut, round_: int) -> None:
    due = await one_payout(house)
    answers: list[Paid | Refused] = [Paid("po-1"), Refused("fraud", "po-1")]
    if round_ % 2:
        answers.reverse()

    told = await asyncio.gather(*(recorded(house, one) for one in answers * 2))

    (payout,) = await house.paid_out()
    winner = "Paid" if payout[1] == "settled" else "Refused"
    assert sorted(told) == sorted([winner] * 2 + ["refused"] * 2)
    assert await house.balance(1) == (0 if winner == "Paid" else due)
    assert sum(name in ("PayoutSettled", "PayoutReturned") for name in await house.told()) == 1
    assert await house.send.call([await house.message()]) == [Done()]


async def test_the_database_itself_ends_a_payout_once(house: PaidOut) -> None:
    await one_payout(house)
    await house.sends()

    async with house.open_uow() as uow:
        with pytest.raises(asyncpg.RestrictViolationError, match="is settled already"):
            await uow.driver.execute("UPDATE payout SET state = 'returned', why = 'so'")


async def test_many_runners_hand_each_payout_over_once(
    house: PaidOut, provider: ScriptedPayouts
) -> None:
    for person in range(6):
        await earn(house, person, person)
        await house.says(person)
    house.clock.advance(DAY)

    await asyncio.gather(*(house.pay() for _ in range(4)))
    assert len(await house.sending()) == 6
    await asyncio.gather(house.sends(), house.sends(), house.pay())
    await house.sends()

    assert [state for _, state, _ in await house.paid_out()] == ["settled"] * 6
    for row in await house.rows("SELECT id FROM payout"):
        assert provider.executed(row["id"]) == 1


async def test_weeks_of_chance_lose_nothing_and_pay_nothing_twice(
    house: PaidOut, provider: ScriptedPayouts
) -> None:
    chance, number = random.Random(5), 0
    for _ in range(150):
        match chance.randint(0, 6):
            case 0:
                house.clock.advance(timedelta(hours=chance.choice([3, 11, 26])))
                await house.pay()
            case 1:
                number += 1
                await earn(house, number, chance.randint(0, 3))
            case 2:
                number += 1
                await owe(house, number, chance.randint(0, 3))
            case 3:
                person = chance.randint(0, 3)
                if await house.value(
                    "SELECT count(*) FROM wallet WHERE person_id = $1", PEOPLE[person]
                ):
                    await house.says(person, wallet_of(chance.randint(0, 9)))
            case 4:
                provider.waits = not provider.waits
                provider.inject(chance.choice(list(PayoutFault)))
            case 5:
                provider.decline(wallet_of(chance.randint(0, 9)), "recipient_not_found")
                for row in await house.rows("SELECT id FROM payout WHERE state = 'pending'"):
                    provider.decide(row["id"], refused_for=chance.choice([None, "fraud"]))
            case _:
                await house.sends()
        assert await house.broken() == []
    states = {state for _, state, _ in await house.paid_out()}
    assert states >= {"settled", "returned"}
    for row in await house.rows("SELECT id FROM payout"):
        assert provider.executed(row["id"]) <= 1


async def test_what_is_told_of_the_end_of_payouts_is_published(
    house: PaidOut, provider: ScriptedPayouts
) -> None:
    provider.decline(wallet_of(2), "recipient_not_found")
    for person in (1, 2):
        await earn(house, person, person)
        await house.says(person)
    house.clock.advance(DAY)
    await house.pay()
    await house.sends()

    events, _ = await PostgresFeed(house.engine).page(None, 500)
    ends = [one for one in events if one["event_name"] in ("PayoutSettled", "PayoutReturned")]
    assert len(ends) == 2
    for event in ends:
        told = {name: value for name, value in event.items() if name != "place"}
        Draft202012Validator(
            schema_of(event), format_checker=Draft202012Validator.FORMAT_CHECKER
        ).validate(told)
        assert set(event["data"]) == set(schema_of(event)["properties"]["data"]["properties"])
    for person in (1, 2):
        assert wallet_of(person) not in json.dumps(events)


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "latency_after_commit", "latency_ms": 1500},
        {"kind": "error_500_after_commit"},
        {"kind": "drop_after_commit"},
        {"kind": "truncated_body"},
        {"kind": "drop_before"},
    ],
    ids=lambda rule: str(rule["kind"]),
)
async def test_a_provider_that_goes_wrong_over_http_pays_once(
    database_url: str, tmp_path: Path, rule: dict[str, Any]
) -> None:
    async with yookassa(tmp_path) as gateway:
        engine = create_engine(database_url)
        house = PaidOut(engine, gateway.clock, gateway.provider)
        await gateway.breaks(operation="create_payout", times=1, **rule)
        due = await one_payout(house)

        await house.sends()
        assert await house.paid_out() == [(1, "pending", due)]
        await house.sends()

        assert await house.paid_out() == [(1, "settled", due)]
        (booked,) = await gateway.books()
        assert booked["amount_minor"] == due
        assert booked["metadata"]["payout_id"] == str(await house.payout_id())
        assert await house.broken() == []
        await engine.dispose()


async def test_the_ledgers_own_payouts_need_no_provider(exchange: TaskExchange) -> None:
    await earn(exchange, 1, 1)
    exchange.clock.advance(DAY)

    await exchange.pay()

    (payout,) = await exchange.rows("SELECT state, method, account FROM payout")
    assert payout == {"state": "settled", "method": "ledger", "account": None}
    assert await exchange.value("SELECT count(*) FROM message") == 0
