"""An operator whose requests a foreign program claims: once, under a lease, fenced."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from adapters.postgres.carrier_doors import all_queues
from application.identity.access import Role
from domain.carrier.checks import NumberList
from domain.shared.msisdn import Msisdn
from domain.subscriptions.model import Active, PastDue, Refused
from tests.integration.api.conftest import must_be_problem
from tests.integration.carrier.bridged import REQUESTS, RESPONSES, Bridged, bridged
from tests.integration.carrier.house import NUMBER, OTHER, PRICE, CarrierHouse


@pytest.fixture
def opened(home: CarrierHouse, database_url: str, redis_url: str) -> Any:
    def one(**options: Any) -> AbstractAsyncContextManager[Bridged]:
        return bridged(home, database_url, redis_url, **options)

    return one


@pytest.fixture
async def program(opened: Any) -> AsyncIterator[Bridged]:
    async with opened() as one:
        yield one


@pytest.fixture
async def careful(opened: Any) -> AsyncIterator[Bridged]:
    """A program that bills once for however many deliveries of one charge."""
    async with opened(idempotent=True) as one:
        yield one


async def test_a_charge_is_claimed_paid_and_the_subscription_lives(program: Bridged) -> None:
    await program.ordered()
    assert await program.statuses() == ["reserved"], "our workers leave it alone"

    claimed = await program.claim()
    assert await program.statuses() == ["sent"], "marked before it left"
    assert await program.pay(claimed) == [200]
    await program.work()

    [message] = claimed["messages"]
    assert (message["event_name"], message["redelivered"]) == ("charge", False)
    record: dict[str, Any] = message["event_data"]
    assert record["msisdn"] == NUMBER.digits
    assert (record["price"], record["operator_code"]) == (PRICE.amount_minor, 41000)
    assert (record["service_code"], record["operator_name"]) == ("tips", "mobilink")
    assert not {"paid", "attempts_count", "opertor_err"} & set(record), "zero values are omitted"
    assert await program.statuses() == ["succeeded"]
    assert isinstance((await program.home.only()).state, Active)
    assert (await program.claim())["messages"] == []
    assert await program.home.value("SELECT count(*) FROM message WHERE queue = $1", REQUESTS) == 0
    [line] = await program.home.rows("SELECT * FROM carrier_operator_log WHERE kind = 'charge'")
    assert (line["decision"], line["token"]) == ("Paid", program.billed[0].token)


async def test_a_charge_that_failed_is_tried_again_after_its_hours(opened: Any) -> None:
    async with opened(declines={"112": "insufficient_funds"}) as program:
        await program.ordered()

        assert await program.ack(await program.claim(), opertor_err="112") == [200]
        await program.work()

        one = await program.home.only()
        assert isinstance(one.state, PastDue)
        [attempt] = await program.home.attempts()
        assert (attempt["status"], attempt["decline_reason"]) == ("declined", "insufficient_funds")
        program.home.clock.instant += timedelta(hours=25)
        assert (await program.home.job("retries")).counts == {"charged": 1}
        again = await program.claim()
        record = again["messages"][0]["event_data"]
        assert (record["attempts_count"], record["retry_id"]) == (1, record["subscription_id"])
        assert record["last_pay_attempt_at"].startswith("2026-03-02T10:00:00")
        await program.pay(again)
        await program.work()
        assert isinstance((await program.home.only()).state, Active)


@pytest.mark.parametrize("name", list(NumberList))
async def test_a_number_on_a_list_is_answered_here_and_never_leaves(
    program: Bridged, name: NumberList
) -> None:
    await program.ordered()
    async with program.home.open_uow() as uow:
        await uow.numbers.put_on_list(name, [NUMBER], reason="asked for", actor="manager:1")
        await uow.commit()

    assert (await program.claim())["messages"] == []
    await program.work()

    state = (await program.home.only()).state
    assert isinstance(state, Refused)
    assert state.why == name.value


@pytest.mark.parametrize("name", list(NumberList))
async def test_a_number_the_operator_never_bills_is_listed(
    program: Bridged, name: NumberList
) -> None:
    await program.ordered()

    assert await program.ack(await program.claim(), subscription_status=name.value) == [200]
    await program.work()

    assert isinstance((await program.home.only()).state, Refused)
    assert await program.home.value("SELECT list FROM carrier_number_list") == name.value


async def test_an_amount_without_a_tariff_never_leaves(opened: Any) -> None:
    async with opened(tariffs_minor=[PRICE.amount_minor + 1]) as program:
        await program.ordered()

        assert (await program.claim())["messages"] == []
        await program.work()

        assert await program.statuses() == ["refused"]


async def test_the_throttle_of_the_operator_holds_for_the_program(program: Bridged) -> None:
    async with program.home.open_uow() as uow:
        await uow.driver.execute("UPDATE carrier_operator SET requests_per_second = 1, burst = 2")
        await uow.commit()
    await program.house.carrier().references.reload()
    # The bucket outlives tests: the last second of the one before has to be over.
    program.home.clock.instant += timedelta(hours=1)
    numbers = [Msisdn(f"92300123456{last}") for last in range(5)]
    await program.ordered(*(program.home.order(number) for number in numbers))

    first, second = await program.claim(), await program.claim()
    program.home.clock.instant += timedelta(seconds=2)
    third = await program.claim(wait_seconds=10)

    assert [len(one["messages"]) for one in (first, second, third)] == [2, 0, 2]
    assert await program.pay(first) == [200, 200]


async def test_two_claims_never_hand_out_the_same(program: Bridged) -> None:
    numbers = [Msisdn(f"92300123456{last}") for last in range(6)]
    await program.ordered(*(program.home.order(number) for number in numbers))

    claims = await asyncio.gather(*(program.claim(limit=2) for _ in range(4)))

    given = [one["event_data"]["msisdn"] for claim in claims for one in claim["messages"]]
    assert sorted(given) == sorted(number.digits for number in numbers)
    assert len({claim["lease"] for claim in claims if claim["lease"]}) == 3


async def test_a_program_that_died_leaves_an_unknown_outcome_and_no_second_charge(
    program: Bridged,
) -> None:
    await program.ordered()
    claimed = await program.claim()
    [token] = program.bill(claimed)
    await program.let_fall()

    await program.work()

    assert await program.statuses() == ["unknown"]
    assert (await program.claim())["messages"] == []
    assert await program.ack(claimed, paid=True, operator_token=token) == [409]
    await program.work()
    assert await program.statuses() == ["unknown"], "a stale answer changes nothing"

    record = claimed["messages"][0]["event_data"]
    late = {
        "id": "late-1",
        "event_name": "operator_response",
        "event_data": {**record, "paid": True, "operator_token": token},
        "token": record["operator_token"],
    }
    told = [await program.must(RESPONSES, "messages", {"messages": [late]}) for _ in range(2)]
    await program.work()
    assert [one["results"] for one in told] == [[{"id": "late-1", "status": 200}]] * 2
    assert await program.statuses() == ["succeeded"]
    assert isinstance((await program.home.only()).state, Active)
    assert await program.home.value("SELECT count(*) FROM operation") == 1


@pytest.mark.parametrize("swept", [False, True])
async def test_a_charge_that_was_leased_and_never_left_leaves_later(
    program: Bridged, swept: bool
) -> None:
    """The process that answered the claim died before it could mark the charge as sent."""
    await program.ordered()
    spec = (await all_queues(program.house.engine()))[REQUESTS]
    await program.house.messages().lease(spec, [])
    await program.let_fall()
    if swept:
        await program.work()
        await _due_at_once(program)
        assert await program.statuses() == ["reserved"]

    claimed = await program.claim()

    assert claimed["messages"][0]["redelivered"] is False
    assert await program.pay(claimed) == [200]


async def test_what_nobody_swept_is_settled_by_the_next_claim(program: Bridged) -> None:
    await program.ordered()
    claimed = await program.claim()
    await program.let_fall()

    assert (await program.claim())["messages"] == []
    await program.work()

    assert await program.statuses() == ["unknown"]
    assert await program.ack(claimed) == [409]


@pytest.mark.parametrize("swept", [False, True])
async def test_a_program_with_keys_gets_the_same_charge_again(
    careful: Bridged, swept: bool
) -> None:
    await careful.ordered()
    first = await careful.claim()
    careful.bill(first)
    await careful.let_fall()
    if swept:
        await careful.work()
        await _due_at_once(careful)

    second = await careful.claim()

    [before], [after] = first["messages"], second["messages"]
    assert (before["redelivered"], after["redelivered"]) == (False, True)
    assert before["event_data"]["operator_token"] == after["event_data"]["operator_token"]
    assert await careful.ack(first, paid=True) == [409]
    assert await careful.pay(second) == [200]
    await careful.work()
    assert await careful.statuses() == ["succeeded"]
    assert len(careful.billed) == 1


async def test_a_charge_that_nobody_wants_any_more_is_not_handed_out_again(
    careful: Bridged,
) -> None:
    await careful.ordered()
    await careful.claim()
    await careful.home.stop((await careful.home.only()).id)
    await careful.let_fall()

    assert (await careful.claim())["messages"] == []
    await careful.work()

    assert await careful.statuses() == ["unknown"]


async def test_what_was_certainly_not_executed_is_handed_out_anew_later(program: Bridged) -> None:
    await program.ordered()

    assert await program.fail(await program.claim(), sent=False, delay_seconds=3600) == [200]

    assert await program.statuses() == ["reserved"]
    [row] = await program.home.rows("SELECT *, run_at - now() AS wait FROM message")
    assert (row["state"], row["error"]) == ("ready", "out of order")
    assert row["wait"] > timedelta(minutes=59)
    await _due_at_once(program)
    again = await program.claim()
    assert again["messages"][0]["redelivered"] is False
    await program.pay(again)
    await program.work()
    assert await program.statuses() == ["succeeded"]


async def test_a_stop_reaches_a_charge_that_was_put_back(program: Bridged) -> None:
    await program.ordered()
    await program.fail(await program.claim(), sent=False)

    await program.home.stop((await program.home.only()).id)
    await _due_at_once(program)

    assert (await program.claim())["messages"] == []
    assert await program.statuses() == ["canceled"]


async def test_what_may_have_been_executed_is_unknown(program: Bridged) -> None:
    await program.ordered()

    assert await program.fail(await program.claim(), sent=True) == [200]
    await program.work()

    assert await program.statuses() == ["unknown"]
    assert (await program.claim())["messages"] == []


async def test_a_repeat_that_failed_says_nothing_of_the_delivery_before(careful: Bridged) -> None:
    await careful.ordered()
    await careful.claim()
    await careful.let_fall()
    again = await careful.claim()

    assert await careful.fail(again, sent=False) == [200]

    assert await careful.statuses() == ["sent"]
    await _due_at_once(careful)
    assert (await careful.claim())["messages"][0]["redelivered"] is True


async def test_a_lease_is_prolonged_while_it_is_held_and_not_after(program: Bridged) -> None:
    await program.ordered()
    claimed = await program.claim(lease_seconds=5)
    asked = {
        "lease": claimed["lease"],
        "ids": [claimed["messages"][0]["id"]],
        "lease_seconds": 600,
    }

    renewed = await program.must(REQUESTS, "renew", asked)

    assert [one["status"] for one in renewed["results"]] == [200]
    assert renewed["expires_at"] > claimed["expires_at"]
    await program.let_fall()
    await program.work()
    late = await program.must(REQUESTS, "renew", asked)
    assert [one["status"] for one in late["results"]] == [409]
    assert late["expires_at"] is None


async def test_an_answer_counts_once(program: Bridged) -> None:
    await program.ordered()
    claimed = await program.claim()

    assert await program.pay(claimed) == [200]
    assert await program.ack(claimed, opertor_err="late thoughts") == [409]
    await program.work()

    assert await program.statuses() == ["succeeded"]


async def test_an_answer_that_makes_no_sense_leaves_the_message_held(program: Bridged) -> None:
    await program.ordered(program.home.order(), program.home.order(OTHER))
    claimed = await program.claim()

    assert await program.ack(claimed, msisdn="923009999999") == [422, 422]
    assert await program.ack(claimed, operator_code=25002) == [422, 422]
    assert await program.ack(claimed, paid=True, subscription_status="postpaid") == [422, 422]
    assert await program.ack(claimed, name="paid") == [422, 422]

    assert await program.statuses() == ["sent"]
    assert await program.pay(claimed) == [200, 200]
    await program.work()
    assert await program.statuses() == ["succeeded"]


async def test_a_charge_in_somebodys_hands_is_not_handed_out_for_a_question(
    careful: Bridged,
) -> None:
    await careful.ordered()
    claimed = await careful.claim()
    careful.home.clock.instant += timedelta(minutes=5)
    assert (await careful.home.job("ask-open-payments")).counts == {"asked_sent": 1}

    assert (await careful.claim())["messages"] == []

    assert await careful.pay(claimed) == [200]
    await careful.work()
    assert await careful.statuses() == ["succeeded"]
    assert await careful.home.value("SELECT count(*) FROM message WHERE queue = $1", REQUESTS) == 0


async def test_an_accepted_charge_is_paid_by_a_later_answer(opened: Any) -> None:
    async with opened(mode="async") as program:
        await program.ordered()
        claimed = await program.claim()
        [token] = program.bill(claimed)

        assert await program.ack(claimed, operator_token=token) == [200]
        await program.work()
        assert await program.statuses() == ["accepted"]

        paid = {"msisdn": NUMBER.digits, "operator_token": token, "paid": True, "price": 250}
        answer = {"id": "1", "event_name": "operator_response", "event_data": paid}
        await program.must(RESPONSES, "messages", {"messages": [answer]})
        await program.work()
        assert await program.statuses() == ["succeeded"]


async def test_a_promised_answer_that_never_comes_leaves_an_unknown_outcome(opened: Any) -> None:
    async with opened(mode="async", callback_hours=1) as program:
        await program.ordered()
        await program.ack(await program.claim())
        await program.work()
        program.home.clock.instant += timedelta(hours=2)
        await program.home.job("ask-open-payments")

        assert (await program.claim())["messages"] == []
        await program.work()

        assert await program.statuses() == ["unknown"]


async def test_an_interim_word_changes_nothing(opened: Any) -> None:
    async with opened(mode="async") as program:
        await program.ordered()
        claimed = await program.claim()
        await program.ack(claimed)
        await program.work()
        record = claimed["messages"][0]["event_data"]

        for id_, error in (("1", ""), ("2", "112")):
            word = {"id": id_, "event_name": "operator_response", "event_data": dict(record)}
            word["event_data"]["opertor_err"] = error
            await program.must(RESPONSES, "messages", {"messages": [word]})
            await program.work()
            assert await program.statuses() == ["accepted" if not error else "declined"]


async def test_a_claim_whose_answer_got_lost_is_answered_again(program: Bridged) -> None:
    await program.ordered(program.home.order(), program.home.order(OTHER))
    name = str(uuid4())

    lost = await program.claim(lease=name, limit=1)
    again = await program.claim(lease=name, limit=1)

    assert again == lost
    assert again["lease"] == name
    assert len((await program.claim())["messages"]) == 1, "others get what is left"
    assert await program.pay(again) == [200]
    assert (await program.claim(lease=name))["messages"] == []


async def test_a_claim_that_is_repeated_too_late_is_a_new_one(program: Bridged) -> None:
    await program.ordered()
    name = str(uuid4())
    await program.claim(lease=name)
    await program.let_fall()

    assert (await program.claim(lease=name))["messages"] == []
    await program.work()

    assert await program.statuses() == ["unknown"]


async def test_a_claim_that_waits_is_answered_when_there_is_something(program: Bridged) -> None:
    waiting = asyncio.create_task(program.claim(wait_seconds=20))
    await asyncio.sleep(0.3)

    await program.ordered()

    async with asyncio.timeout(10):
        assert len((await waiting)["messages"]) == 1


async def test_a_claim_that_waits_in_vain_is_answered_in_the_end(program: Bridged) -> None:
    claimed = await program.claim(wait_seconds=1)
    assert claimed == {"lease": None, "expires_at": None, "messages": []}


async def test_whoever_hung_up_is_handed_nothing(program: Bridged) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await program.client.post(
            f"/api/v1/queues/{REQUESTS}/claim",
            json={"wait_seconds": 20},
            headers={"Authorization": f"Bearer {_token(program)}"},
            timeout=0.5,
        )

    await program.ordered()
    await asyncio.sleep(1.5)

    assert await program.statuses() == ["reserved"]


def _token(program: Bridged) -> str:
    return program.house.tokens().issue("mobilink", frozenset({Role.PROGRAM}), minutes=5)


@pytest.mark.parametrize(
    ("queue", "action", "subject", "role", "status"),
    [
        (REQUESTS, "claim", "mobilink", Role.SERVICE, 403),
        (REQUESTS, "claim", "mobilink", Role.ADMIN, 403),
        (REQUESTS, "claim", "other", Role.PROGRAM, 404),
        (REQUESTS, "claim", "beeline", Role.PROGRAM, 404),
        ("beeline_requests", "claim", "mobilink", Role.PROGRAM, 404),
        ("beeline_requests", "claim", "beeline", Role.PROGRAM, 404),
        ("payments", "claim", "mobilink", Role.PROGRAM, 404),
        (RESPONSES, "claim", "mobilink", Role.PROGRAM, 404),
        (REQUESTS, "messages", "mobilink", Role.PROGRAM, 404),
        ("mobilink_mo_tarifficate", "messages", "mobilink", Role.PROGRAM, 404),
    ],
)
async def test_a_program_reaches_the_queues_of_its_own_operator_only(
    program: Bridged, queue: str, action: str, subject: str, role: Role, status: int
) -> None:
    await program.home.operator("beeline")
    await program.house.carrier().references.reload()
    message = {"id": "1", "event_name": "purge", "event_data": {"msisdn": NUMBER.digits}}
    body = {"messages": [message]} if action == "messages" else {}

    must_be_problem(await program.call(queue, action, body, subject=subject, role=role), status)


async def test_a_lease_opens_one_queue_alone(program: Bridged) -> None:
    await program.ordered()
    claimed = await program.claim()
    answers = [{"id": claimed["messages"][0]["id"], "event_name": "sent", "event_data": {}}]

    told = await program.must(
        "mobilink_sms_requests", "ack", {"lease": claimed["lease"], "answers": answers}
    )

    assert [one["status"] for one in told["results"]] == [409]
    assert await program.pay(claimed) == [200]


@pytest.mark.parametrize(
    ("record", "pointer"),
    [
        ({"price": "250"}, "/answers/0/event_data/price"),
        ({"paid": 1}, "/answers/0/event_data/paid"),
        ({"sent_at": "2026-03-02T10:00:00"}, "/answers/0/event_data/sent_at"),
        ({"operator_token": "two words"}, "/answers/0/event_data/operator_token"),
        ({"type": "gift"}, "/answers/0/event_data/type"),
    ],
)
async def test_a_record_that_is_none_is_refused_by_its_place(
    program: Bridged, record: dict[str, Any], pointer: str
) -> None:
    answer = {"id": 1, "event_name": "operator_response", "event_data": record}
    told = await program.call(REQUESTS, "ack", {"lease": str(uuid4()), "answers": [answer]})

    must_be_problem(told, 400)
    assert told.json()["errors"][0]["pointer"] == pointer


async def test_fields_nobody_knows_are_passed_over(program: Bridged) -> None:
    await program.ordered()
    claimed = await program.claim()
    program.bill(claimed)
    token = program.billed[0].token

    assert await program.ack(claimed, paid=True, operator_token=token, mood="good") == [200]

    await program.work()
    assert await program.statuses() == ["succeeded"]


async def _due_at_once(program: Bridged) -> None:
    async with program.home.open_uow() as uow:
        await uow.driver.execute("UPDATE message SET run_at = now() WHERE state = 'ready'")
        await uow.commit()
