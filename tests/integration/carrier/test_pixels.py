"""Postbacks: one a subscription, after the right answer, to the right publisher, not lost."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from adapters.http.outbound import Outbound
from adapters.postgres.carrier_pixels import PostgresPixels
from adapters.postman import GuardedPostman
from application.carrier.gateway import (
    ChargeReported,
    Declined,
    OperatorDecline,
    OperatorReceipt,
    Paid,
)
from application.carrier.pixel_ports import Click, Reply
from application.carrier.pixels import SEND_PIXEL, OrderPixels, ResendPixels, SendPixels
from application.ports import Failed
from domain.carrier.postback import PixelSetting, Publisher
from domain.shared.msisdn import Msisdn
from tests.adapters.raw_server import answer, raw_server
from tests.integration.carrier.house import NUMBER, OTHER, CarrierHouse

ENDPOINT = "https://ads.example.com/cb?p=%pixel%&n=%msisdn%&id=%trxid%&o=%operator_name%"
DECLINED = Declined(OperatorReceipt(token="", code="112"), OperatorDecline.INSUFFICIENT_FUNDS)
CAMPAIGN = "mobilink-tips"


@pytest.fixture
async def shop(home: CarrierHouse) -> CarrierHouse:
    """A house that orders postbacks for real; a publisher in memory answers them."""
    await home.operator()
    await home.service()
    order = OrderPixels(PostgresPixels(), home.clock, home.entropy, home.metrics)
    home.pixels.order = order.order  # type: ignore[method-assign]
    return home


async def told_to(home: CarrierHouse, **changes: Any) -> PixelSetting:
    setting = PixelSetting(
        **{
            "id": uuid4(),
            "campaign_code": None,
            "operator": "mobilink",
            "publisher": "kimia",
            "endpoint": ENDPOINT,
            **changes,
        }
    )
    async with home.open_uow() as uow:
        await PostgresPixels().put_setting(uow, setting)
        await uow.commit()
    return setting


async def pixels(home: CarrierHouse) -> list[tuple[str, str | None, int | None]]:
    rows = await home.rows("SELECT status, why, response_code FROM carrier_pixel ORDER BY wire_id")
    return [(row["status"], row["why"], row["response_code"]) for row in rows]


def advertised(home: CarrierHouse, number: Msisdn = NUMBER, **changes: Any) -> Any:
    return home.order(number, pixel=f"px-{number.digits}", publisher="kimia", **changes)


async def test_a_paid_order_is_told_once(shop: CarrierHouse) -> None:
    await told_to(shop)
    await shop.ordered(advertised(shop))
    shop.clock.advance(timedelta(days=1, hours=1))
    await shop.run("periodic")
    await shop.carry_out()

    [address] = shop.postman.told
    query = parse_qs(urlsplit(address).query)
    assert (query["p"], query["n"]) == ([f"px-{NUMBER.digits}"], [NUMBER.digits])
    assert query["o"] == ["mobilink"]
    assert query["id"] == [str(await shop.value("SELECT id FROM carrier_pixel"))]
    assert await pixels(shop) == [("sent", None, 200)]
    assert await shop.value("SELECT tid FROM carrier.pixel_transactions") is not None


async def test_an_order_that_is_not_paid_is_told_of_when_it_is(shop: CarrierHouse) -> None:
    await told_to(shop)
    shop.operators.by_code["mobilink"].will(NUMBER, DECLINED)
    await shop.ordered(advertised(shop))
    assert shop.postman.told == []

    shop.clock.advance(timedelta(days=1, hours=1))
    await shop.run("retries")
    await shop.carry_out()
    assert len(shop.postman.told) == 1


async def test_any_answer_is_told_of_where_the_service_says_so(shop: CarrierHouse) -> None:
    await shop.service(code="any", keyword="ANY", pixel_on="any_answer")
    await told_to(shop)
    gateway = shop.operators.by_code["mobilink"]
    gateway.will(NUMBER, DECLINED)
    await shop.ordered(advertised(shop, service_code="any"))
    assert len(shop.postman.told) == 1
    assert await shop.value("SELECT paid FROM carrier_pixel") is False


async def test_only_each_third_is_sent_however_they_come(shop: CarrierHouse) -> None:
    await told_to(shop, ratio=3)
    numbers = [Msisdn(f"92300{place:07d}") for place in range(10, 20)]
    for some in (numbers[:4], numbers[4:5], numbers[5:]):
        await shop.ordered(*(advertised(shop, number) for number in some))

    assert len(shop.postman.told) == 3
    assert [status for status, _, _ in await pixels(shop)].count("skipped") == 7
    assert await shop.value("SELECT counted FROM carrier_pixel_setting") == 10


async def test_the_publisher_is_known_by_its_pixel(shop: CarrierHouse) -> None:
    await told_to(shop, publisher="mobusi")
    async with shop.open_uow() as uow:
        await PostgresPixels().put_publisher(uow, Publisher("mobusi", "px-[0-9]+"), 0)
        await uow.commit()
    await shop.ordered(replace(advertised(shop), publisher=None))
    await shop.ordered(replace(advertised(shop, OTHER), pixel="else", publisher=None))
    await shop.ordered(advertised(shop, Msisdn("923331112223")))

    assert [status for status, _, _ in await pixels(shop)] == ["sent", "skipped", "skipped"]
    assert [why for _, why, _ in await pixels(shop)][1:] == [
        "no publisher is known by it",
        "nobody is to be told",
    ]


async def test_a_refusal_is_tried_again_and_neither_counts_nor_moves(shop: CarrierHouse) -> None:
    setting = await told_to(shop, ratio=2)
    shop.postman.answers = [
        Reply(500, 7, None),
        Reply(None, None, "no answer"),
        Reply(200, 3, None),
    ]
    await shop.ordered(advertised(shop, OTHER))
    await shop.ordered(advertised(shop), carry_out=False)
    while SEND_PIXEL not in {one.name for one in await shop.open_messages()}:
        [first, *_] = await shop.open_messages()
        await shop.handle([first])
    [message] = [one for one in await shop.open_messages() if one.name == SEND_PIXEL]
    await told_to(shop, ratio=1, id=setting.id, endpoint="https://ads.example.com/moved")

    handler = shop.handlers[SEND_PIXEL]
    told = [await handler.call([message]) for _ in range(2)]
    assert [[one.why for one in each] for each in told] == [  # type: ignore[union-attr]
        ["the publisher answered 500"],
        ["no answer"],
    ]
    assert (await pixels(shop))[1] == ("chosen", "no answer", None)
    await shop.carry_out()

    assert (await pixels(shop))[1] == ("sent", None, 200)
    assert len(set(shop.postman.told)) == 1
    assert await shop.value("SELECT counted FROM carrier_pixel_setting") == 2


async def test_a_process_that_died_after_sending_repeats_the_very_same(shop: CarrierHouse) -> None:
    await told_to(shop)
    await shop.ordered(advertised(shop), carry_out=False)
    while SEND_PIXEL not in {one.name for one in await shop.open_messages()}:
        await shop.handle((await shop.open_messages())[:1])
    [message] = [one for one in await shop.open_messages() if one.name == SEND_PIXEL]
    await shop.handlers[SEND_PIXEL].call([message])  # and nobody records it
    await shop.carry_out()
    await shop.handlers[SEND_PIXEL].call([message])  # by somebody who is late

    assert len(shop.postman.told) == 2
    assert len(set(shop.postman.told)) == 1


async def test_what_was_not_sent_is_sent_again_when_asked_and_not_before(
    shop: CarrierHouse,
) -> None:
    await told_to(shop)
    shop.postman.answers = [Reply(None, None, "not allowed", final=True)]
    await shop.ordered(advertised(shop))
    resend = ResendPixels(PostgresPixels(), shop.clock)

    async def again() -> int:
        async with shop.open_uow() as uow:
            count = await resend.within(uow, hours=24, limit=10)
            await uow.commit()
        return count

    assert await pixels(shop) == [("chosen", "not allowed", None)]
    assert [await again(), await again()] == [1, 0], "it is on its way already"
    await shop.carry_out()
    assert await pixels(shop) == [("sent", None, 200)]
    assert await again() == 0


async def test_a_real_publisher_hears_of_it_through_the_guarded_way_out(
    shop: CarrierHouse,
) -> None:
    async with raw_server(answer(200, b"ok")) as server:
        await told_to(shop, endpoint=f"http://127.0.0.1:{server.port}/cb?p=%pixel%")
        out = Outbound([f"127.0.0.1:{server.port}"], loopback_allowed=True)
        send = shop.handlers[SEND_PIXEL]
        shop.handlers[SEND_PIXEL] = SendPixels(
            send.units_of_work,
            send.rows,
            send.references,
            GuardedPostman(out),
            shop.clock,
            shop.metrics,
        )
        await shop.ordered(advertised(shop))
        await out.aclose()
    assert server.requests[0].startswith(f"GET /cb?p=px-{NUMBER.digits} HTTP/1.1".encode())
    assert (await pixels(shop))[0][0] == "sent"


async def test_nothing_is_sent_to_hosts_nobody_named(shop: CarrierHouse) -> None:
    await told_to(shop)
    send = shop.handlers[SEND_PIXEL]
    shop.handlers[SEND_PIXEL] = SendPixels(
        send.units_of_work,
        send.rows,
        send.references,
        GuardedPostman(Outbound([])),
        shop.clock,
        shop.metrics,
    )
    await shop.ordered(advertised(shop), carry_out=False)
    failed: list[Failed] = []
    while messages := await shop.open_messages():
        failed += await shop.handle(messages[:1])
    assert [one.final for one in failed] == [True]
    assert "not among the hosts" in str((await pixels(shop))[0][1])


def click(home: CarrierHouse, pixel: str, **changes: Any) -> Click:
    given: dict[str, Any] = {
        "operator": "mobilink",
        "campaign_code": CAMPAIGN,
        "publisher": "kimia",
        "tid": None,
        "msisdn": None,
        "operator_token": None,
        "clicked_at": home.clock.now() - timedelta(minutes=5),
        **changes,
    }
    return Click(id=uuid4(), pixel=pixel, **given)


async def clicked(home: CarrierHouse, *clicks: Click) -> None:
    async with home.open_uow() as uow:
        for one in clicks:
            assert await PostgresPixels().add_click(uow, one)
        await uow.commit()


def from_outside(home: CarrierHouse, number: Msisdn = NUMBER, **changes: Any) -> Any:
    return home.order(number, source="callback of mobilink", **changes)


async def sent_pixels(home: CarrierHouse) -> list[str]:
    rows = await home.rows("SELECT pixel FROM carrier_pixel ORDER BY wire_id")
    return [row["pixel"] for row in rows]


async def test_a_click_is_given_to_the_order_that_names_it(shop: CarrierHouse) -> None:
    await told_to(shop)
    await clicked(
        shop,
        click(shop, "older", msisdn=NUMBER, clicked_at=shop.clock.now() - timedelta(hours=2)),
        click(shop, "by number", msisdn=NUMBER),
        click(shop, "by token", operator_token="t-1"),
        click(shop, "nameless"),
    )
    await shop.ordered(from_outside(shop))
    await shop.ordered(from_outside(shop, OTHER, operator_token="t-1"))

    assert await sent_pixels(shop) == ["by number", "by token"]
    assert len(shop.postman.told) == 2


async def test_a_nameless_click_is_given_only_where_it_is_the_only_one(shop: CarrierHouse) -> None:
    await clicked(
        shop,
        click(shop, "too old", clicked_at=shop.clock.now() - timedelta(hours=25)),
        click(shop, "somebody else's", msisdn=OTHER),
        click(shop, "the only one"),
    )
    await shop.ordered(from_outside(shop))
    assert await sent_pixels(shop) == ["the only one"]

    await clicked(shop, click(shop, "one"), click(shop, "two"))
    await shop.ordered(from_outside(shop, Msisdn("923331112223")))
    assert await sent_pixels(shop) == ["the only one"], "nobody knows whose it is"


async def test_a_click_is_given_once(shop: CarrierHouse) -> None:
    await clicked(shop, click(shop, "one", msisdn=NUMBER))
    await shop.ordered(from_outside(shop))
    await shop.stop((await shop.only()).id)
    await shop.ordered(from_outside(shop))
    assert await sent_pixels(shop) == ["one"]


async def test_an_order_from_our_own_page_takes_no_click(shop: CarrierHouse) -> None:
    await clicked(shop, click(shop, "nameless"))
    await shop.ordered(shop.order())
    assert await sent_pixels(shop) == []


async def test_a_report_that_comes_twice_orders_one(shop: CarrierHouse) -> None:
    await told_to(shop)
    gateway = shop.operators.by_code["mobilink"]
    gateway.mode = gateway.mode.ASYNC
    await shop.ordered(advertised(shop))
    [request] = gateway.asked
    told = gateway.report(request, "e-1")
    assert isinstance(told.outcome, Paid)
    assert isinstance(told, ChargeReported)
    await shop.reported(told, replace(told, event_id="e-2"))
    assert len(shop.postman.told) == 1
