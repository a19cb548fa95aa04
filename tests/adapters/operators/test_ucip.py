"""UCIP: what leaves, and what every answer means for the subscriber's money."""

from datetime import UTC, datetime

import pytest

from adapters.operators.ucip import Ucip
from application.carrier.gateway import (
    Blacklisted,
    Declined,
    Misconfigured,
    NotSent,
    OperatorDecline,
    OutcomeUnknown,
    Paid,
    Postpaid,
    SmsRejected,
    SmsRequest,
    SmsSent,
)
from domain.shared.money import Money
from tests.adapters.operators.wires import (
    NUMBER,
    TOKEN,
    account,
    calls,
    fault,
    request,
    settings,
    ucip,
    xml,
)
from tests.adapters.raw_server import answer, cut, hang_up, raw_server, silence

WELL = account(0)
SMS = SmsRequest(id="s-1", msisdn=NUMBER, text="Привет", service_code="games")
GATE_SECRETS = {"sms_user": "sms user", "sms_password": "p&=?/"}


async def test_a_charge_is_a_negative_adjustment_in_the_operators_own_terms() -> None:
    async with ucip(WELL, WELL) as (adapter, server):
        assert isinstance(await adapter.charge(request()), Paid)

    (looked, first), (took, second) = calls(server)
    assert (looked, took) == ("GetBalanceAndDate", "UpdateBalanceAndDate")
    assert second["originTransactionID"] == TOKEN
    assert first["originTransactionID"] != TOKEN
    assert first["subscriberNumber"] == second["subscriberNumber"] == "3001234567"
    assert second["adjustmentAmountRelative"] == "-1000"
    assert second["transactionCurrency"] == "PKR"
    assert str(second["originTimeStamp"]) == "20260301T17:00:00+0500"
    assert server.requests[0].startswith(b"POST /Air HTTP/1.1")


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(2026, 1, 15, 12, tzinfo=UTC), "20260115T13:00:00+0100"),
        (datetime(2026, 7, 15, 22, 30, tzinfo=UTC), "20260716T00:30:00+0200"),
    ],
)
async def test_time_is_the_operators_in_summer_and_in_winter(at: datetime, written: str) -> None:
    async with ucip(WELL, time_zone="Europe/Berlin") as (adapter, server):
        await adapter.charge(request(created_at=at))

    assert all(str(members["originTimeStamp"]) == written for _, members in calls(server))


async def test_an_amount_of_a_currency_without_decimals_stays_what_it_is() -> None:
    async with ucip(WELL, currency="JPY") as (adapter, server):
        paid = await adapter.charge(request(money=Money.of(300, "JPY")))

    assert isinstance(paid, Paid)
    assert calls(server)[1][1]["adjustmentAmountRelative"] == "-300"


async def test_a_token_becomes_twenty_digits_where_nothing_else_is_taken() -> None:
    written = []
    for token in (TOKEN, TOKEN, "another"):
        async with ucip(WELL, options={"transaction_id": "digits"}) as (adapter, server):
            await adapter.charge(request(token=token))
        written.append([members["originTransactionID"] for _, members in calls(server)])

    assert all(one.isdigit() and len(one) == 20 for pair in written for one in pair)
    assert written[0] == written[1] != written[2]
    assert len({one for pair in written for one in pair}) == 4


@pytest.mark.parametrize("code", [11, 27, 70])
async def test_the_balance_tells_who_pays_later_and_nothing_is_charged(code: int) -> None:
    async with ucip(account(code), WELL) as (adapter, server):
        outcome = await adapter.charge(request())

    assert isinstance(outcome, Postpaid)
    assert outcome.receipt.code == str(code)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "looked",
    [
        answer(500, b"oops"),
        answer(404, b"<html>not here</html>"),
        answer(200, b"<html>welcome</html>"),
        account("0"),
        account([0]),
        fault(1005),
        cut(WELL),
        hang_up,
        silence,
    ],
    ids=["500", "404", "html", "text", "list", "fault", "cut", "hung up", "silent"],
)
async def test_a_look_that_fails_has_charged_nobody(looked: object) -> None:
    async with ucip(looked, WELL) as (adapter, server):  # type: ignore[arg-type]
        outcome = await adapter.charge(request())

    assert isinstance(outcome, NotSent)
    assert len(server.requests) == 1


async def test_a_look_that_says_nothing_against_it_is_followed_by_the_charge() -> None:
    async with ucip(account(999), WELL) as (adapter, server):
        assert isinstance(await adapter.charge(request()), Paid)

    assert len(server.requests) == 2


async def test_no_balance_is_asked_for_where_that_is_not_wanted() -> None:
    async with ucip(WELL, options={"precheck": False}) as (adapter, server):
        assert isinstance(await adapter.charge(request()), Paid)
        assert not adapter.capabilities.precheck

    assert [method for method, _ in calls(server)] == ["UpdateBalanceAndDate"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (100, OperatorDecline.OPERATOR_FAILURE),
        (102, OperatorDecline.UNKNOWN_NUMBER),
        (103, OperatorDecline.BARRED),
        (104, OperatorDecline.BARRED),
        (112, OperatorDecline.INSUFFICIENT_FUNDS),
        (124, OperatorDecline.INSUFFICIENT_FUNDS),
        (126, OperatorDecline.INACTIVE_NUMBER),
        (999, OperatorDecline.OTHER),
        (100_000, OperatorDecline.OTHER),
    ],
)
async def test_an_error_code_is_a_decline_with_its_reason(
    code: int, reason: OperatorDecline
) -> None:
    async with ucip(WELL, account(code)) as (adapter, _):
        outcome = await adapter.charge(request())

    assert isinstance(outcome, Declined)
    assert (outcome.reason, outcome.receipt.code) == (reason, str(code))


async def test_an_operator_may_mean_something_else_by_its_codes() -> None:
    options = {
        "declines": {"150": "frequency_exceeded"},
        "blacklist_codes": ["151"],
        "postpaid_codes": ["152"],
    }
    expected = {150: Declined, 151: Blacklisted, 152: Postpaid}
    for code, kind in expected.items():
        async with ucip(account(500), account(code), options=options) as (adapter, _):
            assert isinstance(await adapter.charge(request()), kind)


@pytest.mark.parametrize(
    "charged",
    [
        account(1),
        account(2),
        account(99),
        account(-1),
        account("0"),
        account(True),
        account([0]),
        account({"responseCode": 0}),
        account(None),
        account(0, originTransactionID="another"),
        fault(1005),
        fault(7),
        xml("<methodResponse/>"),
        xml("<methodResponse><params></params></methodResponse>"),
        xml("<methodResponse><params><param><value>responseCode 0</value></param></params>"),
        answer(200, b""),
        answer(200, b"<name>responseCode</name><value><i4>0</i4></value>"),
        answer(200, b"<html>responseCode 0 112</html>"),
        answer(202, b""),
        answer(302, b"", location="/elsewhere"),
        answer(404, WELL),
        answer(500, WELL),
        cut(WELL),
        hang_up,
        silence,
    ],
)
async def test_what_is_neither_success_nor_an_error_is_unknown(charged: object) -> None:
    async with ucip(WELL, charged) as (adapter, server):  # type: ignore[arg-type]
        outcome = await adapter.charge(request())

    assert isinstance(outcome, OutcomeUnknown)
    assert len(server.requests) == 2


@pytest.mark.parametrize("code", range(1000, 1005))
async def test_a_call_that_was_not_understood_is_ours_to_put_right(code: int) -> None:
    async with ucip(WELL, fault(code)) as (adapter, _):
        assert isinstance(await adapter.charge(request()), Misconfigured)


async def test_an_overloaded_server_has_done_nothing() -> None:
    async with ucip(WELL, fault(1006)) as (adapter, _):
        assert isinstance(await adapter.charge(request()), NotSent)


async def test_credentials_are_sent_and_their_refusal_told() -> None:
    secrets = {"user": "kazna", "password": "canary-5"}
    async with ucip(answer(401, b""), secrets=secrets) as (adapter, server):
        assert isinstance(await adapter.charge(request()), Misconfigured)

    assert b"a2F6bmE6Y2FuYXJ5LTU=" in server.requests[0]


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_a_gate_that_takes_a_text_answers_so(status: int) -> None:
    async with raw_server(answer(status, b"0: Accepted for delivery")) as gate:
        adapter = with_gate(gate.port)
        sent = await adapter.send_sms(SMS)
        await adapter.aclose()

    assert isinstance(sent, SmsSent)
    head = gate.requests[0].split(b"\r\n")[0]
    assert head.startswith(b"GET /cgi-bin/sendsms?username=sms+user&password=p%26%3D%3F%2F&")
    assert b"to=923001234567" in head
    assert b"charset=UTF-8" in head
    assert not any(text in sent.receipt.raw_request for text in GATE_SECRETS.values())


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, SmsRejected), (403, NotSent), (429, NotSent), (500, OutcomeUnknown)],
)
async def test_a_gate_that_does_not_is_understood(status: int, kind: type) -> None:
    async with raw_server(answer(status, b"")) as gate:
        adapter = with_gate(gate.port)
        sent = await adapter.send_sms(SMS)
        await adapter.aclose()

    assert isinstance(sent, kind)


def with_gate(port: int) -> Ucip:
    options = {"sms_url": f"http://127.0.0.1:{port}", "sms_from": "1234"}
    return Ucip(settings(options=options, secrets=GATE_SECRETS))
