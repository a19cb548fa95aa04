"""The acceptance scenarios of the carrier, told one by one."""

from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.memory.operator import BILL_AND_VANISH
from application.carrier.gateway import (
    Accepted,
    Blacklisted,
    ChargeMode,
    ChargeReported,
    Declined,
    NotSent,
    OperatorDecline,
    OperatorReceipt,
    Paid,
    Postpaid,
    PurgeRequested,
    UnsubscribeRequested,
)
from domain.carrier.checks import NumberList
from domain.carrier.operator import SpendCaps
from domain.carrier.service import Texts
from domain.shared.money import Money
from domain.subscriptions.model import Active, Canceled, Expired, PastDue, Refused
from tests.integration.billing.house import cause
from tests.integration.carrier.house import NUMBER, OTHER, PRICE, CarrierHouse

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RECEIPT = OperatorReceipt(token="", code="112")
DECLINED = Declined(RECEIPT, OperatorDecline.INSUFFICIENT_FUNDS)


@pytest.fixture
async def shop(home: CarrierHouse) -> CarrierHouse:
    await home.operator()
    await home.service()
    return home


async def result(home: CarrierHouse) -> list[str]:
    rows = await home.rows(
        "SELECT result FROM carrier.subscriptions WHERE msisdn = $1 ORDER BY id", NUMBER.digits
    )
    return [row["result"] for row in rows]


async def transactions(home: CarrierHouse) -> list[str]:
    rows = await home.rows(
        "SELECT result FROM carrier.transactions WHERE msisdn = $1 ORDER BY created_at, id",
        NUMBER.digits,
    )
    return [row["result"] for row in rows]


async def test_1_a_clean_number_pays_and_is_told_of(shop: CarrierHouse) -> None:
    await shop.ordered(shop.order(pixel="px", publisher="kimia"))

    assert await result(shop) == ["paid"]
    assert await transactions(shop) == ["paid"]
    assert [one.order.order.pixel for one in shop.pixels.orders] == ["px"]
    evidence = await shop.value("SELECT consent FROM carrier_order")
    assert (evidence["source"], evidence["text"]) == ("landing", "TIPS")


async def test_2_the_second_of_two_orders_is_rejected_once(shop: CarrierHouse) -> None:
    await shop.ordered(shop.order(), shop.order())

    assert sorted(await result(shop)) == ["paid", "rejected"]
    assert sorted(await transactions(shop)) == ["paid", "rejected"]


async def test_3_a_paid_hour_rejects_and_the_next_one_does_not(home: CarrierHouse) -> None:
    await home.operator()
    await home.service(paid_hours=2, periodic=False)
    await home.ordered()
    async with home.open_uow() as uow:
        await uow.driver.execute(
            "UPDATE subscription SET status = 'expired', "
            "state = jsonb_build_object('at', $1::text), period_start = NULL, "
            "period_end = NULL, expires_at = NULL, version = version + 1",
            home.clock.now().isoformat(),
        )
        await uow.commit()

    home.clock.advance(2 * HOUR - timedelta(seconds=1))
    await home.ordered()
    assert (await result(home))[-1] == "rejected"
    home.clock.advance(timedelta(seconds=1))
    await home.ordered()
    assert (await result(home))[-1] == "paid"


@pytest.mark.parametrize("name", list(NumberList))
async def test_4_a_listed_number_is_never_asked_on_any_path(
    shop: CarrierHouse, name: NumberList
) -> None:
    gateway = shop.operators.by_code["mobilink"]
    gateway.will(NUMBER, DECLINED)
    await shop.ordered(shop.order(), shop.order(OTHER))
    asked = len(gateway.asked)
    async with shop.open_uow() as uow:
        await uow.numbers.put_on_list(name, [NUMBER, OTHER], reason="law", actor="manager:1")
        await uow.commit()

    shop.clock.advance(2 * DAY)
    assert (await shop.job("retries")).counts == {name.value: 1}
    assert (await shop.job("periodic")).counts == {name.value: 1}
    await shop.carry_out()

    assert len(gateway.asked) == asked
    for number in (NUMBER, OTHER):
        state = (await shop.only(number)).state
        assert isinstance(state, Refused)
        assert state.why == name.value
    assert await shop.value("SELECT count(*) FROM carrier.retries") == 0


async def test_4_a_number_listed_while_its_charge_waits_is_not_asked(shop: CarrierHouse) -> None:
    await shop.ordered(carry_out=False)
    for _ in range(2):  # the order, then its first charge; the request waits
        await shop.handle(await shop.open_messages())
    async with shop.open_uow() as uow:
        await uow.numbers.put_on_list(
            NumberList.BLACKLISTED, [NUMBER], reason="law", actor="manager:1"
        )
        await uow.commit()

    await shop.carry_out()

    assert shop.operators.by_code["mobilink"].asked == []
    assert await result(shop) == ["blacklisted"]


async def test_5_retries_go_by_hours_and_end_by_days(home: CarrierHouse) -> None:
    await home.operator()
    await home.service(delay_hours=24, retry_days=3)
    home.operators.by_code["mobilink"].will(NUMBER, *[DECLINED] * 6)
    await home.ordered()
    tries = 0
    for _ in range(10):
        home.clock.advance(DAY)
        tries += (await home.job("retries")).counts.get("charged", 0)
        await home.carry_out()

    # Tried on days 1, 2 and 3, and once more after the last day, which ends it.
    assert tries == 4
    assert isinstance((await home.only()).state, Expired)
    assert await home.value("SELECT count(*) FROM carrier.retries_expired") == 1
    assert await transactions(home) == ["failed", *["retry_failed"] * 4]


async def test_5_a_retry_that_pays_is_a_renewal(shop: CarrierHouse) -> None:
    shop.operators.by_code["mobilink"].will(NUMBER, DECLINED)
    await shop.ordered()
    shop.clock.advance(DAY)
    await shop.job("retries")
    await shop.carry_out()

    assert await transactions(shop) == ["failed", "retry_paid"]
    assert await shop.value("SELECT count(*) FROM carrier.retries") == 0


async def test_6_retries_wait_while_the_queue_is_long_and_orders_overtake(
    home: CarrierHouse,
) -> None:
    await home.operator(queue_free_size=1)
    await home.service()
    home.operators.by_code["mobilink"].will(NUMBER, DECLINED)
    await home.ordered()
    home.clock.advance(DAY)
    await home.ordered(home.order(OTHER), carry_out=False)
    for _ in range(2):
        await home.handle([m for m in await home.open_messages() if "requests" not in m.queue])
    assert (await home.job("retries")).counts == {"queue_is_full": 1}

    await home.carry_out()
    assert (await home.job("retries")).counts == {"charged": 1}
    priorities = await home.rows("SELECT priority FROM message")
    assert [row["priority"] for row in priorities] == [0]
    await home.carry_out()


async def test_8_billed_but_timed_out_is_charged_once(home: CarrierHouse) -> None:
    gateway = await home.operator()
    gateway.can_query = True
    await home.service()
    gateway.will(NUMBER, BILL_AND_VANISH)
    await home.ordered()
    assert [a["status"] for a in await home.attempts()] == ["unknown"]
    assert await result(home) == ["pending"]

    home.clock.advance(2 * DAY)
    assert (await home.job("periodic")).counts == {}
    assert (await home.job("retries")).counts == {}
    await home.job("ask-open-payments")
    await home.carry_out()

    assert await result(home) == ["paid"]
    assert len(gateway.billed) == 1
    assert len(await home.attempts()) == 1


async def test_9_an_answer_that_overtakes_is_final(home: CarrierHouse) -> None:
    gateway = await home.operator(mode=ChargeMode.ASYNC)
    await home.service()
    await home.ordered(carry_out=False)
    for _ in range(2):
        await home.handle(await home.open_messages())
    [request] = await home.open_messages()
    handler = home.handlers[request.name]
    answers = await handler.call([request])  # the operator heard, and reports before we record
    await home.reported_only(gateway.report(gateway.asked[0], "dn-1"))
    async with home.open_uow() as uow:
        await handler.record(uow, [(request, answers[0])])
        await home.delete(uow, [request])
        await uow.commit()
    await home.carry_out()

    assert await result(home) == ["paid"]


async def test_10_a_report_is_matched_or_waits_for_a_person(home: CarrierHouse) -> None:
    gateway = await home.operator(mode=ChargeMode.ASYNC)
    await home.service()
    await home.service(code="news", keyword="NEWS")
    await home.ordered()
    [request] = gateway.asked
    paid = gateway.bill(request)
    nameless = OperatorReceipt(token="", code="200")
    by_number = Paid(nameless, paid.money, paid.at)

    # By number alone, one candidate; the operator repeats it under another id.
    await home.reported(ChargeReported(event_id="1", outcome=by_number, msisdn=NUMBER))
    await home.reported(ChargeReported(event_id="2", outcome=paid, token=request.token))
    assert await transactions(home) == ["paid"]

    await home.ordered(home.order(service_code="news"))
    await home.reported(
        ChargeReported(event_id="3", outcome=by_number, msisdn=NUMBER),
        ChargeReported(event_id="4", outcome=by_number, msisdn=OTHER),
        ChargeReported(event_id="5", outcome=by_number),
        ChargeReported(event_id="6", outcome=Accepted(nameless), msisdn=NUMBER),
    )
    aside = await home.rows("SELECT event_id, candidates FROM carrier_unresolved ORDER BY event_id")
    assert [(row["event_id"], len(row["candidates"])) for row in aside] == [
        ("3", 2),
        ("4", 0),
        ("5", 0),
    ]

    news = next(one for one in await home.subscriptions() if one.terms.service_code == "news")
    key = await home.value("SELECT id FROM carrier_unresolved WHERE event_id = '3'")
    gateway.bill(gateway.asked[-1])
    async with home.open_uow() as uow:
        await home.carrier.resolve.assign(uow, key, news.id, "asked the operator", cause())
        await uow.commit()
    assert sorted(await transactions(home)) == ["paid", "paid"]


async def test_12_the_purge_policy_lets_go_of_what_brings_nothing(home: CarrierHouse) -> None:
    await home.operator()
    await home.service(delay_hours=24, retry_days=30, inactive_days=2)
    home.operators.by_code["mobilink"].will(NUMBER, *[DECLINED] * 9)
    await home.ordered()
    for _ in range(5):
        home.clock.advance(DAY)
        await home.job("retries")
        await home.carry_out()

    assert await result(home) == ["inactive"]
    assert len(await home.attempts()) == 3


async def test_13_a_late_payment_is_booked_and_the_subscription_stays_closed(
    home: CarrierHouse,
) -> None:
    gateway = await home.operator(mode=ChargeMode.ASYNC)
    await home.service()
    await home.ordered()
    await home.reported(UnsubscribeRequested(event_id="s", msisdn=NUMBER, text="STOP"))
    assert isinstance((await home.only()).state, Canceled)

    await home.reported(gateway.report(gateway.asked[0], "dn"))

    assert await result(home) == ["canceled"]
    assert await transactions(home) == ["paid"]
    assert await home.value("SELECT count(*) FROM refund") == 0
    assert await home.value("SELECT kind FROM discrepancy") == "paid_for_nothing"


async def test_13_a_stop_takes_back_a_charge_that_has_not_left(shop: CarrierHouse) -> None:
    await shop.ordered(carry_out=False)
    for _ in range(2):
        await shop.handle(await shop.open_messages())
    await shop.stop((await shop.only()).id)

    await shop.carry_out()

    assert shop.operators.by_code["mobilink"].asked == []
    assert await result(shop) == ["canceled"]


async def test_13_a_purge_ends_only_what_lives_with_one_outflow_each(home: CarrierHouse) -> None:
    await home.operator()
    await home.service(texts=Texts(on_unsubscribe="Bye"))
    await home.service(code="news", keyword="NEWS", texts=Texts(on_unsubscribe="Bye"))
    await home.ordered()
    await home.stop((await home.only()).id)
    await home.ordered(home.order(), home.order(service_code="news"))

    await home.reported(PurgeRequested(event_id="p", msisdn=NUMBER))

    assert sorted(await result(home)) == ["canceled", "purged", "purged"]
    outflows = await home.rows("SELECT data FROM event WHERE name = 'carrier.outflow'")
    assert len(outflows) == 3
    texts = home.operators.by_code["mobilink"].texts
    assert [text.text for text in texts] == ["Bye"] * 3


@pytest.mark.parametrize(
    ("outcome", "why"), [(Postpaid(RECEIPT), "postpaid"), (Blacklisted(RECEIPT), "blacklisted")]
)
async def test_an_operator_that_never_bills_a_number_ends_it_and_lists_it(
    shop: CarrierHouse, outcome: Postpaid | Blacklisted, why: str
) -> None:
    shop.operators.by_code["mobilink"].will(NUMBER, outcome)
    await shop.ordered()
    assert await result(shop) == [why]

    await shop.ordered()
    assert await result(shop) == [why, why]
    assert len(shop.operators.by_code["mobilink"].asked) == 1
    assert await shop.value(f"SELECT count(*) FROM carrier.msisdn_{_view(why)}") == 1


def _view(why: str) -> str:
    return "blacklist" if why == "blacklisted" else why


async def test_17_two_operators_of_different_mode_live_side_by_side(home: CarrierHouse) -> None:
    sync = await home.operator("mobilink")
    late = await home.operator("yondu", mode=ChargeMode.ASYNC, country_code="63", prefixes=("63",))
    await home.service("mobilink")
    await home.service("yondu", code="load", keyword="LOAD")
    await home.ordered(home.order(), home.order(OTHER, operator="yondu", service_code="load"))
    assert isinstance((await home.only()).state, Active)
    [request] = late.asked
    await home.reported(late.report(request, "dn"), operator="yondu")

    assert isinstance((await home.only(OTHER)).state, Active)
    assert (len(sync.billed), len(late.billed)) == (1, 1)


async def test_a_trial_is_free_and_comes_once(home: CarrierHouse) -> None:
    await home.operator()
    await home.service(trial_days=2)
    await home.ordered()
    assert await result(home) == [""]
    assert home.operators.by_code["mobilink"].asked == []

    home.clock.advance(DAY)
    assert (await home.job("periodic")).counts == {}
    home.clock.advance(DAY)
    assert (await home.job("periodic")).counts == {"charged": 1}
    await home.carry_out()
    assert await result(home) == ["paid"]

    await home.stop((await home.only()).id)
    await home.ordered()
    assert sorted(await result(home)) == ["canceled", "paid"]


async def test_what_the_operator_never_heard_goes_again_under_the_same_token(
    shop: CarrierHouse,
) -> None:
    gateway = shop.operators.by_code["mobilink"]
    gateway.will(NUMBER, NotSent("connection refused"))
    await shop.ordered()
    assert [a["status"] for a in await shop.attempts()] == ["reserved"]

    shop.clock.advance(timedelta(minutes=11))
    await shop.job("ask-open-payments")
    await shop.carry_out()

    assert await result(shop) == ["paid"]
    assert len({request.token for request in gateway.asked}) == 1


async def test_a_cap_puts_the_next_charge_off_to_the_next_month(home: CarrierHouse) -> None:
    await home.operator(caps=SpendCaps(per_month_charges=2))
    await home.service()
    await home.ordered()
    for _ in range(5):
        home.clock.advance(DAY)
        await home.job("periodic")
        await home.carry_out()
    assert len(await home.attempts()) == 2

    home.clock.advance(26 * DAY)
    await home.job("periodic")
    await home.carry_out()
    assert len(await home.attempts()) == 3


async def test_an_interim_report_changes_nothing(home: CarrierHouse) -> None:
    gateway = await home.operator(mode=ChargeMode.ASYNC)
    await home.service()
    await home.ordered()
    before = await home.attempts()
    interim = Accepted(OperatorReceipt(token=gateway.asked[0].token, code="100"))

    await home.reported(ChargeReported(event_id="i", outcome=interim, token=gateway.asked[0].token))

    assert await home.attempts() == before


async def test_a_promised_report_that_never_comes_leaves_the_outcome_unknown(
    home: CarrierHouse,
) -> None:
    await home.operator(mode=ChargeMode.ASYNC)
    await home.service()
    await home.ordered()
    home.clock.advance(DAY + HOUR)
    await home.job("ask-open-payments")
    await home.carry_out()

    assert [a["status"] for a in await home.attempts()] == ["unknown"]
    home.clock.advance(5 * DAY)
    assert (await home.job("periodic")).counts == {}
    assert (await home.job("retries")).counts == {}


async def test_an_operator_that_charges_by_itself_is_booked_by_its_reports(
    home: CarrierHouse,
) -> None:
    gateway = await home.operator("qrtech", mode=ChargeMode.MANAGED, options={"mode": "managed"})
    await home.service("qrtech", code="horo", keyword="HORO")
    await home.ordered(home.order(operator="qrtech", service_code="horo"))
    assert gateway.asked == []
    for day in range(3):
        token = f"dn-{day}"
        gateway.billed.append(_billed(token))
        paid = Paid(OperatorReceipt(token=token, code="200"), PRICE, home.clock.now())
        report = ChargeReported(
            event_id=token, outcome=paid, msisdn=NUMBER, service_code="horo", token=token
        )
        await home.reported(report, operator="qrtech")
        await home.reported(report, operator="qrtech")
        home.clock.advance(DAY)

    assert [a["status"] for a in await home.attempts()] == ["succeeded"] * 3
    assert [a["occasion"] for a in await home.attempts()] == ["reported"] * 3


def _billed(token: str):  # type: ignore[no-untyped-def]
    from adapters.memory.operator import Billed

    return Billed(token, NUMBER, PRICE)


async def test_an_amount_that_was_not_agreed_waits_for_a_person(home: CarrierHouse) -> None:
    gateway = await home.operator(mode=ChargeMode.ASYNC)
    await home.service()
    await home.ordered()
    wrong = Paid(OperatorReceipt(token=gateway.asked[0].token, code="200"), Money.of(1, "PKR"))

    await home.reported(
        ChargeReported(event_id=str(uuid4()), outcome=wrong, token=gateway.asked[0].token)
    )

    assert [a["status"] for a in await home.attempts()] == ["review"]


async def test_a_failed_periodic_charge_is_retried_and_then_renewed(shop: CarrierHouse) -> None:
    gateway = shop.operators.by_code["mobilink"]
    await shop.ordered()
    gateway.will(NUMBER, DECLINED)
    shop.clock.advance(DAY)
    await shop.job("periodic")
    await shop.carry_out()
    assert isinstance((await shop.only()).state, PastDue)

    shop.clock.advance(DAY)
    assert (await shop.job("periodic")).counts == {}
    assert (await shop.job("retries")).counts == {"charged": 1}
    await shop.carry_out()
    shop.clock.advance(DAY)
    assert (await shop.job("periodic")).counts == {"charged": 1}
    await shop.carry_out()

    assert await transactions(shop) == ["paid", "retry_failed", "retry_paid", "retry_paid"]
