"""Orders become subscriptions and charges, once, and only of numbers that may be charged."""

from datetime import timedelta

import pytest

from application.carrier.gateway import Declined, OperatorDecline, OperatorReceipt
from domain.carrier.checks import NumberList
from domain.subscriptions.model import Active, PastDue, Refused
from tests.integration.carrier.house import NUMBER, OTHER, PRICE, CarrierHouse

DECLINED = Declined(OperatorReceipt(token="", code="112"), OperatorDecline.INSUFFICIENT_FUNDS)


@pytest.fixture
async def shop(home: CarrierHouse) -> CarrierHouse:
    await home.operator()
    await home.service()
    return home


async def test_a_clean_number_is_charged_once_and_active(shop: CarrierHouse) -> None:
    await shop.ordered(shop.order(pixel="abc"))

    one = await shop.only()
    assert isinstance(one.state, Active)
    [attempt] = await shop.attempts()
    assert (attempt["status"], attempt["occasion"]) == ("succeeded", "mo")
    assert attempt["captured_minor"] == PRICE.amount_minor
    assert len(shop.pixels.orders) == 1


async def test_the_same_order_twice_is_one(shop: CarrierHouse) -> None:
    order = shop.order()

    await shop.ordered(order, order)
    await shop.ordered(order)

    assert len(await shop.subscriptions()) == 1
    assert len(await shop.attempts()) == 1


async def test_a_second_order_is_rejected_while_the_first_lives(shop: CarrierHouse) -> None:
    await shop.ordered(shop.order(), shop.order())
    await shop.ordered(shop.order())

    states = [one.state for one in await shop.subscriptions()]
    assert [type(state) for state in states].count(Active) == 1
    refused = [state.why for state in states if isinstance(state, Refused)]
    assert refused == ["rejected", "rejected"]
    assert len(await shop.attempts()) == 1


@pytest.mark.parametrize("name", list(NumberList))
async def test_a_listed_number_never_reaches_the_operator(
    shop: CarrierHouse, name: NumberList
) -> None:
    async with shop.open_uow() as uow:
        await uow.numbers.put_on_list(name, [NUMBER], reason="asked for", actor="manager:1")
        await uow.commit()

    await shop.ordered()

    one = await shop.only()
    assert isinstance(one.state, Refused)
    assert one.state.why == name.value
    assert shop.operators.by_code["mobilink"].asked == []


async def test_whoever_said_stop_is_welcome_again_at_once(shop: CarrierHouse) -> None:
    await shop.ordered()
    await shop.stop((await shop.only()).id)

    await shop.ordered()

    assert sorted(one.is_live for one in await shop.subscriptions()) == [False, True]
    assert len(await shop.attempts()) == 2


async def test_a_first_charge_that_fails_is_tried_again_after_its_hours(
    shop: CarrierHouse,
) -> None:
    gateway = shop.operators.by_code["mobilink"]
    gateway.will(NUMBER, DECLINED)
    await shop.ordered()
    assert isinstance((await shop.only()).state, PastDue)

    shop.clock.advance(timedelta(hours=23))
    assert (await shop.job("retries")).counts == {}
    shop.clock.advance(timedelta(hours=1))
    assert (await shop.job("retries")).counts == {"charged": 1}
    await shop.carry_out()

    assert isinstance((await shop.only()).state, Active)
    assert [(a["number"], a["status"]) for a in await shop.attempts()] == [
        (1, "declined"),
        (2, "succeeded"),
    ]


async def test_two_numbers_at_once_are_two(shop: CarrierHouse) -> None:
    await shop.ordered(shop.order(), shop.order(OTHER))

    assert (await shop.only()).is_live
    assert (await shop.only(OTHER)).is_live


async def test_the_next_day_is_charged_once(shop: CarrierHouse) -> None:
    await shop.ordered()
    assert (await shop.job("periodic")).counts == {}

    shop.clock.advance(timedelta(days=1))
    assert (await shop.job("periodic")).counts == {"charged": 1}
    assert (await shop.job("periodic")).counts == {}
    await shop.carry_out()
    assert (await shop.job("periodic")).counts == {}

    assert [a["occasion"] for a in await shop.attempts()] == ["mo", "periodic"]
    assert len({a["period_start"] for a in await shop.attempts()}) == 2
