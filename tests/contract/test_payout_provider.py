"""What every payout provider promises: one payout per id, four kinds of answer, nothing guessed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.payouts.yookassa import build
from application.ledger.payout_methods import Paid, PayoutOrder, Refused, Working
from application.ports import Failed
from domain.ledger.destination import Destination
from domain.shared.money import Money
from tests.contract.gateway import NOON, Mishap
from tests.contract.payouts import PAYOUT_GATEWAYS, PayoutGateway, YooKassaHarness, yookassa
from tests.contract.test_payment_provider import EXECUTED_ALL_THE_SAME

_numbers = count(1)
WALLET = "41001614575714"


def order(account: str = WALLET, minor: int = 320_000) -> PayoutOrder:
    return PayoutOrder(
        payout_id=UUID(int=next(_numbers)),
        money=Money.of(minor, "RUB"),
        destination=Destination(account),
        run_date=date(2026, 2, 28),
    )


@pytest.fixture(params=PAYOUT_GATEWAYS)
async def paying(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PayoutGateway]:
    async with PAYOUT_GATEWAYS[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture
async def emulated(tmp_path: Path) -> AsyncIterator[YooKassaHarness]:
    async with yookassa(tmp_path) as opened:
        yield opened


async def test_a_payout_is_paid_and_named(paying: PayoutGateway) -> None:
    wanted = order()

    answer = await paying.provider.pay(wanted)

    assert isinstance(answer, Paid)
    assert await paying.provider.look_up(wanted, answer.reference) == answer
    assert await paying.provider.find(wanted, NOON - timedelta(hours=1)) == answer


async def test_the_same_id_is_one_payout_however_often(paying: PayoutGateway) -> None:
    wanted = order()

    answers = [await paying.provider.pay(wanted)]
    answers += await asyncio.gather(*(paying.provider.pay(wanted) for _ in range(4)))

    assert len(set(answers)) == 1
    assert await paying.executed(wanted.payout_id) == 1


async def test_two_payouts_of_the_same_money_are_two(paying: PayoutGateway) -> None:
    first, second = order(), order()

    answers = [await paying.provider.pay(first), await paying.provider.pay(second)]

    assert len(set(answers)) == 2
    assert await paying.executed(first.payout_id) == await paying.executed(second.payout_id) == 1


async def test_a_payout_to_a_wallet_that_is_closed_says_why(paying: PayoutGateway) -> None:
    wanted = order()
    await paying.declines(WALLET, "recipient_not_found")

    answer = await paying.provider.pay(wanted)

    assert isinstance(answer, Refused)
    assert answer.why == "recipient_not_found"
    assert answer.reference is not None
    assert await paying.provider.pay(wanted) == answer
    assert isinstance(await paying.provider.pay(order("4100161457571")), Paid)


@pytest.mark.parametrize("refused_for", [None, "fraud_suspected"])
async def test_a_repeat_answers_how_the_first_one_stands(
    paying: PayoutGateway, refused_for: str | None
) -> None:
    wanted = order()
    await paying.waits()
    waiting = await paying.provider.pay(wanted)
    assert isinstance(waiting, Working)
    assert await paying.provider.pay(wanted) == waiting
    assert await paying.provider.look_up(wanted, waiting.reference) == waiting

    await paying.decides(wanted.payout_id, refused_for=refused_for)

    ended = await paying.provider.look_up(wanted, waiting.reference)
    assert ended == (
        Refused(refused_for, waiting.reference) if refused_for else Paid(waiting.reference)
    )
    assert await paying.provider.pay(wanted) == ended
    assert await paying.executed(wanted.payout_id) == 1


@pytest.mark.parametrize("mishap", EXECUTED_ALL_THE_SAME)
async def test_a_lost_answer_is_a_failed_try_and_never_a_second_payout(
    paying: PayoutGateway, mishap: Mishap
) -> None:
    wanted = order()
    await paying.suffers(mishap)

    assert isinstance(await paying.provider.pay(wanted), Failed)

    assert isinstance(await paying.provider.pay(wanted), Paid)
    assert await paying.executed(wanted.payout_id) == 1


@pytest.mark.parametrize("mishap", [Mishap.LOST_ON_THE_WAY, Mishap.THROTTLED])
async def test_what_was_not_executed_is_a_failed_try_as_well(
    paying: PayoutGateway, mishap: Mishap
) -> None:
    wanted = order()
    await paying.suffers(mishap)

    assert isinstance(await paying.provider.pay(wanted), Failed)

    assert await paying.executed(wanted.payout_id) == 0
    assert await paying.provider.find(wanted, NOON - timedelta(hours=1)) is None
    assert isinstance(await paying.provider.pay(wanted), Paid)


async def test_a_provider_out_of_reach_has_said_nothing(paying: PayoutGateway) -> None:
    wanted, away = order(), paying.unreachable()

    assert isinstance(await away.pay(wanted), Failed)
    assert isinstance(await away.look_up(wanted, "po-1"), Failed)
    assert isinstance(await away.find(wanted, NOON), Failed)
    await away.aclose()


async def test_a_payout_of_another_name_is_not_this_one(paying: PayoutGateway) -> None:
    other = await paying.provider.pay(order())
    assert isinstance(other, Paid)

    assert isinstance(await paying.provider.look_up(order(), other.reference), Failed)
    assert isinstance(await paying.provider.look_up(order(), "po-unknown"), Failed)
    assert await paying.provider.find(order(), NOON - timedelta(hours=1)) is None


async def test_the_key_of_another_request_is_a_failed_try(paying: PayoutGateway) -> None:
    wanted = order()
    await paying.provider.pay(wanted)

    answer = await paying.provider.pay(replace(wanted, destination=Destination("1" * 11)))

    assert isinstance(answer, Failed)
    assert await paying.executed(wanted.payout_id) == 1


async def test_a_forgotten_key_is_the_trap_the_sender_has_to_avoid(paying: PayoutGateway) -> None:
    wanted = order()
    await paying.provider.pay(wanted)
    paying.clock.advance(paying.provider.keys_kept + timedelta(minutes=1))

    await paying.provider.pay(wanted)

    assert await paying.executed(wanted.payout_id) == 2


@pytest.mark.parametrize("kind", ["wrong_amount", "wrong_currency", "flipped_test"])
async def test_an_answer_of_other_money_is_not_believed(
    emulated: YooKassaHarness, kind: str
) -> None:
    wanted = order()
    await emulated.breaks(kind=kind, operation="create_payout", times=1)

    assert isinstance(await emulated.provider.pay(wanted), Failed)
    assert isinstance(await emulated.provider.pay(wanted), Paid)


async def test_a_payout_is_found_behind_many_pages(emulated: YooKassaHarness) -> None:
    wanted = order()
    answer = await emulated.provider.pay(wanted)
    await asyncio.gather(*(emulated.provider.pay(order()) for _ in range(120)))

    assert await emulated.provider.find(wanted, NOON - timedelta(hours=1)) == answer
    assert await emulated.provider.find(wanted, NOON + timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("changed", "answered"),
    [
        ({"secret": "wrong"}, Failed("the request was not accepted: invalid_credentials")),
        ({"shop_id": "100500"}, Failed("the request was not accepted: invalid_credentials")),
    ],
)
async def test_credentials_that_open_nothing_refuse_no_payout(
    emulated: YooKassaHarness, changed: dict[str, Any], answered: Failed
) -> None:
    stranger = build(replace(emulated.settings, **changed))

    assert await stranger.pay(order()) == answered
    await stranger.aclose()


async def test_a_request_it_will_not_take_is_refused_by_its_code(emulated: YooKassaHarness) -> None:
    foreign = replace(order(), money=Money.of(100, "USD"))

    answer = await emulated.provider.pay(foreign)

    assert answer == Refused("invalid_request amount.currency")
    assert await emulated.executed(foreign.payout_id) == 0


async def test_a_wallet_is_in_no_text(emulated: YooKassaHarness) -> None:
    wanted = order()
    await emulated.breaks(kind="html_body", operation="create_payout", times=1)
    told = [await emulated.provider.pay(wanted), await emulated.provider.pay(wanted), wanted]

    assert WALLET not in repr(told) + str(wanted.destination)
    assert str(wanted.destination) == "*5714"
