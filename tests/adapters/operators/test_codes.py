"""Every documented code of XPortal and QRTech, and what must never be taken for a decline."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from adapters.operators.qrtech import QRTech
from adapters.operators.xportal import XPortal
from application.carrier.gateway import (
    Accepted,
    Blacklisted,
    BroadcastRejected,
    BroadcastRequest,
    BroadcastTaken,
    CallbackRefused,
    ChargeReported,
    Declined,
    Misconfigured,
    OperatorDecline,
    OutcomeUnknown,
    Paid,
    Postpaid,
    RawCallback,
    SubscribeRequested,
    UnsubscribeRequested,
)
from domain.shared.money import Money
from tests.adapters.operators.wires import NOON, NUMBER, request, settings, told
from tests.adapters.raw_server import answer, raw_server

PEER = {"networks": ["192.0.2.0/24"]}
SOLD = {"services": {"4541": {"service": "tips", "id": "12", "price_minor": 900}}}
XPORTAL = {"key": "canary-key-0000", "callback_key": ""}
QRTECH = {"username": "canary-user", "mo_token": "canary-mo-token"}
CODES = {
    OperatorDecline.UNKNOWN_NUMBER: (("401",), ("510", "512")),
    OperatorDecline.INACTIVE_NUMBER: (("402",), ()),
    OperatorDecline.INSUFFICIENT_FUNDS: (("411", "412"), ("531",)),
    OperatorDecline.OPERATOR_FAILURE: (("500", "503"), ("520", "521", "530")),
    OperatorDecline.BARRED: ((), ("511",)),
    OperatorDecline.FREQUENCY_EXCEEDED: ((), ("532",)),
    OperatorDecline.OTHER: (("400", "416", "1001", "1002"), ("500", "501", "550")),
}


def xportal(**options: Any) -> XPortal:
    return XPortal(settings(options=PEER | options, secrets=XPORTAL))


def qrtech(**options: Any) -> QRTech:
    return QRTech(settings(options=PEER | SOLD | options, secrets=QRTECH))


def call(path: str, body: dict[str, str] | None = None, **query: str) -> RawCallback:
    return RawCallback(
        method="GET" if body is None else "POST",
        path=path,
        query=tuple(query.items()),
        headers={},
        body=urlencode(body or {}).encode(),
        peer_ip="192.0.2.7",
        received_at=NOON,
    )


def dn(code: str, rrn: str = "0195-77aa.1000") -> RawCallback:
    given = {"telco": "globe", "msisdn": NUMBER.digits, "rrn": rrn, "status": "1"}
    return call("dn", **given, code=code, timestamp="1772366400")


def own(code: str, shortcode: str = "4541") -> RawCallback:
    form = {"dnid": "d-1", "msisdn": NUMBER.digits, "shortcode": shortcode, "operator": "1"}
    return call("dn", {**form, "dnerrorcode": code, "keyword": "", "bcdate": ""})


def outcome(gateway: XPortal | QRTech, callback: RawCallback) -> object:
    [report] = gateway.read(callback)
    assert isinstance(report, ChargeReported)
    return report.outcome


@pytest.mark.parametrize(("reason", "codes"), CODES.items())
def test_every_documented_refusal_has_its_reason(
    reason: OperatorDecline, codes: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    said = [outcome(xportal(), dn(code)) for code in codes[0]]
    said += [outcome(qrtech(), own(code)) for code in codes[1]]
    assert said
    for one in said:
        assert isinstance(one, Declined)
        assert (one.reason, one.retryable) == (reason, reason is not OperatorDecline.UNKNOWN_NUMBER)


@pytest.mark.parametrize("code", ["100", "102", "299", "999", "", "20O", "paid"])
def test_a_code_nobody_knows_decides_nothing(code: str) -> None:
    assert isinstance(outcome(xportal(), dn(code)), Accepted)
    assert isinstance(outcome(qrtech(), own(code)), Accepted)


def test_paid_says_how_much_and_when() -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for code in ("200", "201"):
        paid = outcome(xportal(), dn(code))
        assert isinstance(paid, Paid)
        assert (paid.money, paid.at) == (Money.of(1000, "PKR"), at)
    paid = outcome(qrtech(), own("200"))
    assert isinstance(paid, Paid)
    assert paid.money == Money.of(900, "PKR")


def test_who_pays_later_and_who_never_does_are_told_apart() -> None:
    assert isinstance(outcome(xportal(), dn("414")), Postpaid)
    assert isinstance(outcome(xportal(), dn("1003")), Blacklisted)


def test_options_add_codes() -> None:
    added = {"declines": {"417": "barred", "417x": "other"}}
    said = outcome(xportal(**added), dn("417")), outcome(qrtech(**added), own("417"))
    assert all(isinstance(one, Declined) and one.reason == "barred" for one in said)


def test_an_amount_that_nobody_wrote_down_is_not_made_up() -> None:
    with pytest.raises(CallbackRefused):
        xportal().read(dn("200", rrn="theirs-77"))
    with pytest.raises(CallbackRefused):
        xportal().read(dn("200", rrn=f"t.{'9' * 16}"))
    paid = outcome(xportal(tariffs={"500": "A"}), dn("200", rrn="theirs-77"))
    assert isinstance(paid, Paid)
    assert paid.money == Money.of(500, "PKR")


@pytest.mark.parametrize(
    ("text", "keyword", "stops"),
    [
        ("TIPS", "TIPS", False),
        ("tips OFF", "tips", True),
        ("Stop", None, True),
        ("go now", "go", False),
    ],
)
def test_what_a_subscriber_writes(text: str, keyword: str | None, stops: bool) -> None:
    callback = call("mo", telco="globe", msisdn=NUMBER.digits, message=text, rrn="m-1")
    [report] = xportal().read(callback)
    assert isinstance(report, UnsubscribeRequested if stops else SubscribeRequested)
    assert (report.keyword, report.text) == (keyword, text)


def test_an_order_is_for_what_is_sold_under_the_short_code() -> None:
    form = {"msgid": "m-1", "msisdn": NUMBER.digits, "message": "hello", "shortcode": "4541"}
    form["motoken"] = QRTECH["mo_token"]
    [ordered] = qrtech().read(call("mo", form))
    [stopped] = qrtech().read(call("mo", form | {"message": "please STOP it"}))
    assert isinstance(ordered, SubscribeRequested)
    assert isinstance(stopped, UnsubscribeRequested)
    assert ordered.service_code == stopped.service_code == "tips"
    for wrong in ({"shortcode": "1"}, {"msisdn": "x"}):
        with pytest.raises(CallbackRefused) as refused:
            qrtech().read(call("mo", form | wrong))
        assert refused.value.authentic


def test_callbacks_of_strangers_and_of_other_paths_are_refused() -> None:
    stranger = replace(dn("200"), peer_ip="198.51.100.1")
    for gateway in (xportal(), qrtech()):
        with pytest.raises(CallbackRefused) as refused:
            gateway.read(stranger)
        assert not refused.value.authentic
        with pytest.raises(CallbackRefused):
            gateway.read(replace(dn("200"), path="other", body=b"a=b"))


@pytest.mark.parametrize("protocol", [XPortal, QRTech])
def test_a_row_that_would_trust_everybody_is_refused(protocol: type[XPortal | QRTech]) -> None:
    secrets = XPORTAL if protocol is XPortal else QRTECH
    options = {} if protocol is XPortal else SOLD
    with pytest.raises(ValueError, match="signs nothing"):
        protocol(settings(options=options, secrets=secrets))
    with pytest.raises(ValueError, match="networks"):
        protocol(settings(options=options | {"networks": ["x"]}, secrets=secrets))


@pytest.mark.parametrize(
    "wrong",
    [
        {"services": {}},
        {"services": {"x": SOLD["services"]["4541"]}},
        {"services": {"4541": {"service": "tips", "id": "12"}}},
        {"services": {"4541": {"service": "tips", "id": "12", "price_minor": 0}}},
        {"services": {"4541": {"service": "tips", "id": "12", "price_minor": True}}},
        {"path": "/mt"},
    ],
)
def test_services_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="option"):
        qrtech(**wrong)


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (told(200, {"status_code": 200}), Accepted),
        (told(200, {"status_code": 400}), Misconfigured),
        (told(200, {"status_code": 500}), OutcomeUnknown),
        (told(200, {"status": "ok"}), OutcomeUnknown),
        (told(403, {}), Misconfigured),
        (answer(200, b"200"), OutcomeUnknown),
    ],
)
async def test_what_xportal_answers_to_a_charge(body: bytes, meant: type) -> None:
    async with raw_server(body) as server:
        gateway = XPortal(
            settings(base_url=f"http://127.0.0.1:{server.port}", options=PEER, secrets=XPORTAL)
        )
        assert isinstance(await gateway.charge(request()), meant)
        await gateway.aclose()


async def test_only_prices_with_a_tariff_are_charged() -> None:
    gateway = xportal()
    assert isinstance(await gateway.charge(request(money=Money.of(999, "PKR"))), Misconfigured)
    await gateway.aclose()


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (answer(200, b"1234"), BroadcastTaken),
        (answer(200, b" 7\n"), BroadcastTaken),
        (answer(200, b"-10"), BroadcastRejected),
        (answer(200, b"-25"), BroadcastRejected),
        (answer(200, b"-26"), OutcomeUnknown),
        (answer(200, b"0"), OutcomeUnknown),
        (answer(200, b"<html>"), OutcomeUnknown),
        (answer(403, b""), BroadcastRejected),
        (answer(500, b"-10"), OutcomeUnknown),
    ],
)
async def test_what_qrtech_answers_to_a_text(body: bytes, meant: type) -> None:
    async with raw_server(body) as server:
        gateway = QRTech(
            settings(
                base_url=f"http://127.0.0.1:{server.port}", options=PEER | SOLD, secrets=QRTECH
            )
        )
        text = BroadcastRequest(service_code="tips", day=NOON.date(), text="x")
        assert isinstance(await gateway.broadcast(text), meant)
        await gateway.aclose()
