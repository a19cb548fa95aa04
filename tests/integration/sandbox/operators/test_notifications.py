"""Notifications of an emulated network: late, twice, out of order, missing, and sent again."""

import asyncio
from datetime import timedelta
from pathlib import Path

from adapters.clock import ManualClock
from application.carrier.gateway import Accepted, Paid, SubscribeRequested
from entrypoints.sandbox.app import create_sandbox
from entrypoints.sandbox.operators.account import Account
from entrypoints.sandbox.server import server_config
from tests.contract.operator_gateway import CODE, CONTROL, NOON, Operator, control_of
from tests.contract.operator_plain import PLAIN
from tests.contract.yookassa_gateway import serving
from tests.integration.sandbox.harness import Receiver

SILENCE_SECONDS = 0.3


async def charged(one: Operator, count: int) -> list[str]:
    requests = [one.request() for _ in range(count)]
    for request in requests:
        assert isinstance(await one.gateway.charge(request), Accepted)
    return [request.token for request in requests]


async def nobody_called(one: Operator) -> bool:
    try:
        await asyncio.wait_for(one.called(), SILENCE_SECONDS)
    except TimeoutError:
        return True
    return False


async def test_a_late_report_waits_for_business_time(later: Operator) -> None:
    await later.configure(notifications={"delay_seconds": 7200})
    (token,) = await charged(later, 1)
    assert await nobody_called(later)
    assert (await later.shows("idle"))["later"] == 1

    later.clock.advance(timedelta(hours=2))

    assert (await later.reported()).token == token


async def test_a_lost_report_never_comes_though_the_subscriber_paid(later: Operator) -> None:
    await later.configure(notifications={"lost_percent": 100})
    (token,) = await charged(later, 1)

    assert await nobody_called(later)
    assert len(await later.lists("billing", token=token)) == 1
    assert (await later.shows("stats"))["notifications"]["lost"] == 1


async def test_a_report_may_come_twice(later: Operator) -> None:
    await later.configure(notifications={"duplicate_percent": 100})
    await charged(later, 1)

    reports = [await later.reported(), await later.reported()]

    assert reports[0] == reports[1]


async def test_reports_may_overtake_each_other(later: Operator) -> None:
    await later.configure(notifications={"shuffle_seconds": 0.5, "concurrency": 1})
    tokens = await charged(later, 12)

    came = [(await later.reported()).token for _ in tokens]

    assert sorted(came, key=str) == sorted(tokens)
    assert came != tokens


async def test_an_interim_report_comes_before_the_final_one(later: Operator) -> None:
    await later.configure(notifications={"interim_percent": 100, "delay_seconds": 60})
    await charged(later, 1)
    first = await later.reported()
    later.clock.advance(timedelta(minutes=1))
    second = await later.reported()

    assert isinstance(first.outcome, Accepted)
    assert isinstance(second.outcome, Paid)


async def test_an_operator_that_is_out_reports_when_it_is_back(later: Operator) -> None:
    await later.configure(notifications={"delay_seconds": 3600})
    start, to = NOON + timedelta(minutes=30), NOON + timedelta(hours=2)
    await later.configure(outages=[{"from": start.isoformat(), "to": to.isoformat()}])
    (token,) = await charged(later, 1)

    later.clock.advance(timedelta(hours=1))
    assert await nobody_called(later)
    later.clock.advance(timedelta(hours=1))

    assert (await later.reported()).token == token


async def test_what_a_subscriber_does_is_told_past_every_fault(plain: Operator) -> None:
    await plain.configure(notifications={"lost_percent": 100})
    msisdn = plain.number()

    await plain.does("mo", {"msisdn": msisdn.digits, "text": "GO now", "id": "mo-1"})

    report = await plain.told()
    assert isinstance(report, SubscribeRequested)
    assert (report.event_id, report.msisdn, report.text) == ("mo-1", msisdn, "GO now")
    assert report.said_at == NOON


async def test_a_report_that_was_refused_is_signed_anew_and_sent_again(tmp_path: Path) -> None:
    receiver, clock = Receiver(), ManualClock(NOON)
    receiver.script = [500, 403]
    account = Account(
        code=CODE,
        protocol="plain",
        country_code="92",
        currency="PKR",
        time_zone="Asia/Karachi",
        callback_url=receiver.url,
        secrets=PLAIN.canaries,
    )
    app = create_sandbox(
        folder=tmp_path,
        now=clock.now,
        shop_id="shop",
        secret_key="key",
        control_token=CONTROL,
        operators=(account,),
    )
    try:
        served = serving(server_config(app, host="127.0.0.1", port=0))
        async with served as url, control_of(url) as control:
            one = Operator(PLAIN, clock, url, control, asyncio.Queue())
            await one.configure(notifications={"retry_seconds": [0.01]})
            await one.does("mo", {"msisdn": "923001234567", "text": "GO"})
            received = await asyncio.to_thread(receiver.wait_for, 3)
            await one.gateway.aclose()
    finally:
        receiver.close()

    assert len({event["event_id"] for event in received}) == 1
