"""An emulated network decides like an operator, and keeps records of its own."""

from datetime import timedelta

import pytest

from application.carrier.gateway import Declined, NotSent, OperatorDecline, OutcomeUnknown, Paid
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn
from tests.contract.operator_gateway import NOON, Operator


def window(hours_from: int, hours_to: int, kind: str = "drop") -> dict[str, str]:
    start, to = (NOON + timedelta(hours=hours) for hours in (hours_from, hours_to))
    return {"from": start.isoformat(), "to": to.isoformat(), "kind": kind}


async def test_a_balance_pays_for_as_long_as_it_lasts(plain: Operator) -> None:
    request = plain.request()
    path = f"subscribers/{request.msisdn.digits}"
    await plain.changes(path, {"standing": "prepaid", "balance_minor": 1500})

    first = await plain.gateway.charge(request)
    second = await plain.gateway.charge(plain.request(request.msisdn))

    assert isinstance(first, Paid)
    assert isinstance(second, Declined)
    assert second.reason is OperatorDecline.INSUFFICIENT_FUNDS
    assert await plain.shows(path) == {"standing": "prepaid", "balance_minor": 500}


async def test_the_last_digits_say_what_a_number_is(plain: Operator) -> None:
    barred = plain.request(Msisdn("923001200006"))
    await plain.configure(endings={"6": "prepaid", "00006": "barred", "7": "inactive_number"})

    said = [
        await plain.gateway.charge(barred),
        await plain.gateway.charge(plain.request(Msisdn("923001200016"))),
        await plain.gateway.charge(plain.request(Msisdn("923001200017"))),
    ]

    assert isinstance(said[0], Declined)
    assert said[0].reason is OperatorDecline.BARRED
    assert isinstance(said[1], Paid)
    assert isinstance(said[2], Declined)


async def test_chance_declines_as_many_as_it_is_told_and_always_the_same(plain: Operator) -> None:
    await plain.configure(decline_percent=40, declines={"barred": 3, "insufficient_funds": 1})
    tokens = [f"token-{n}" for n in range(60)]

    rounds = []
    for _ in range(2):
        await plain.does("reset", {"keep_config": True})
        said = [await plain.gateway.charge(plain.request(token=token)) for token in tokens]
        rounds.append([type(outcome) for outcome in said])
        declined = [outcome.reason for outcome in said if isinstance(outcome, Declined)]

    assert rounds[0] == rounds[1]
    assert 10 < len(declined) < 40
    assert declined.count(OperatorDecline.BARRED) > declined.count(
        OperatorDecline.INSUFFICIENT_FUNDS
    )
    assert len(await plain.lists("billing")) == 60 - len(declined)


async def test_the_records_are_paged_and_summed(plain: Operator) -> None:
    requests = [plain.request() for _ in range(5)]
    for request in requests:
        await plain.gateway.charge(request)

    tokens, cursor = [], "0"
    while cursor is not None:
        page = await plain.shows("billing", cursor=cursor, limit="2")
        assert len(page["items"]) <= 2
        tokens += [line["token"] for line in page["items"]]
        cursor = page["next_cursor"]

    assert tokens == [request.token for request in requests]
    assert await plain.shows("billing/totals") == [
        {"currency": "PKR", "count": 5, "amount_minor": 5000}
    ]
    (line,) = await plain.lists("billing", token=tokens[3])
    assert line["at"] == "2026-03-01T12:00:00.000Z"


async def test_answers_come_in_the_order_they_were_scripted_and_then_no_more(
    plain: Operator,
) -> None:
    msisdn = plain.number()
    await plain.will(msisdn, {"verdict": "barred"}, {"verdict": "other", "code": "E-77"})
    await plain.will(plain.number(), {"verdict": "barred"})

    said = [await plain.gateway.charge(plain.request(msisdn)) for _ in range(3)]

    assert isinstance(said[0], Declined)
    assert isinstance(said[1], Declined)
    assert said[1].receipt.code == "E-77"
    assert isinstance(said[2], Paid)


@pytest.mark.parametrize("kind", ["drop", "error_500"])
async def test_an_outage_lasts_as_long_as_it_is_told_in_business_time(
    plain: Operator, kind: str
) -> None:
    await plain.configure(outages=[window(1, 3, kind)])

    said = []
    for _ in range(4):
        said.append(type(await plain.gateway.charge(plain.request())))
        plain.clock.advance(timedelta(hours=1))

    assert said == [Paid, OutcomeUnknown, OutcomeUnknown, Paid]
    assert len(await plain.lists("billing")) == 2


async def test_an_outage_without_an_offset_is_no_outage(plain: Operator) -> None:
    with pytest.raises(Exception, match="400"):
        await plain.configure(
            outages=[{"from": "2026-03-01T12:00:00", "to": "2026-03-01T13:00:00"}]
        )


async def test_too_many_requests_in_a_second_of_business_time_are_turned_away(
    plain: Operator,
) -> None:
    await plain.configure(requests_per_second=2)

    first = [await plain.gateway.charge(plain.request()) for _ in range(3)]
    plain.clock.advance(timedelta(seconds=1))
    fourth = await plain.gateway.charge(plain.request())

    assert [type(said) for said in first] == [Paid, Paid, NotSent]
    assert isinstance(fourth, Paid)


async def test_fault_rules_strike_whom_they_are_for(plain: Operator) -> None:
    rule = {"kind": "error_500_after_commit", "operation": "charge", "nth": 2}
    await plain.does("faults", [rule])

    said = [type(await plain.gateway.charge(plain.request())) for _ in range(3)]

    assert said == [Paid, OutcomeUnknown, Paid]
    assert len(await plain.lists("billing")) == 3
    (armed,) = await plain.shows("faults")
    assert (armed["matched"], armed["hit"]) == (3, 1)


async def test_answers_are_not_falsified(plain: Operator) -> None:
    with pytest.raises(Exception, match="400"):
        await plain.does("faults", [{"kind": "wrong_amount"}])


async def test_an_account_server_keeps_no_keys_and_bills_a_token_twice(ucip: Operator) -> None:
    request = ucip.request()

    for _ in range(2):
        assert isinstance(await ucip.gateway.charge(request), Paid)

    assert len(await ucip.lists("billing", token=request.token)) == 2


async def test_an_account_server_knows_its_own_zone_and_grammar(ucip: Operator) -> None:
    elsewhere = ucip.built(time_zone="Europe/Moscow")
    richer = ucip.request(money=Money.of(1, "PKR"), service_code="<&>")

    assert not isinstance(await elsewhere.charge(ucip.request()), Paid)
    assert isinstance(await ucip.gateway.charge(richer), Paid)
    (line,) = await ucip.lists("billing")
    assert (line["service"], line["amount_minor"]) == ("<&>", 1)
    await elsewhere.aclose()


async def test_an_account_server_has_nobody_to_call(ucip: Operator) -> None:
    with pytest.raises(Exception, match="400"):
        await ucip.does("mo", {"msisdn": ucip.number().digits, "text": "GO"})


async def test_a_reset_forgets_everything(plain: Operator) -> None:
    await plain.configure(decline_percent=100)
    await plain.does("faults", [{"kind": "drop_before"}])
    await plain.gateway.charge(plain.request())

    await plain.does("reset", {})

    assert isinstance(await plain.gateway.charge(plain.request()), Paid)
    stats = await plain.shows("stats")
    assert stats["charges"] == {"billed": 1}
    assert stats["requests"] == {"charge": 1}


async def test_nobody_gets_behind_an_operator_without_the_token(plain: Operator) -> None:
    for headers in ({"x-sandbox-control": ""}, {"x-sandbox-control": "contröl".encode()}):
        for path in ("billing", "config", "stats", "idle", "charges", "sms", "kept", "faults"):
            assert (await plain.tries(path, headers)) == 401
