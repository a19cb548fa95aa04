"""The plain protocol: what leaves, what every answer means, and who may call back."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.operators.plain import Plain
from adapters.security.seal import sign
from application.carrier.gateway import (
    Accepted,
    Blacklisted,
    CallbackRefused,
    ChargeReported,
    Declined,
    Misconfigured,
    NeverHeard,
    NotSent,
    OperatorDecline,
    OutcomeUnknown,
    Paid,
    Postpaid,
    PurgeRequested,
    RawCallback,
    Report,
    SmsRequest,
    SubscribeRequested,
    Unreachable,
    UnsubscribeRequested,
)
from domain.shared.money import Money
from tests.adapters.operators.wires import (
    NOON,
    NUMBER,
    SECRETS,
    TOKEN,
    plain,
    request,
    settings,
    told,
)
from tests.adapters.raw_server import answer, cut, hang_up, silence

PAID = {
    "token": TOKEN,
    "status": "paid",
    "operator_token": "op-7",
    "amount_minor": 1000,
    "currency": "PKR",
    "at": "2026-03-01T17:00:01+05:00",
}
STAMP = str(int(NOON.timestamp()))


def without(*names: str, **more: Any) -> dict[str, Any]:
    return {**{name: value for name, value in PAID.items() if name not in names}, **more}


def callback(body: bytes | dict[str, Any], **changes: Any) -> RawCallback:
    """Return a callback as the operator signs it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    secret = changes.pop("secret", SECRETS["callback_secret"])
    stamp = changes.pop("stamp", STAMP)
    return RawCallback(
        **{
            "method": "POST",
            "path": "",
            "query": (),
            "headers": {"X-Timestamp": stamp, "X-Signature": sign(secret, stamp, raw)},
            "body": raw,
            "peer_ip": "203.0.113.9",
            "received_at": NOON,
            **changes,
        }
    )


def event(**fields: Any) -> dict[str, Any]:
    return {"event_id": "e-1", "msisdn": NUMBER.digits, **fields}


def read(body: dict[str, Any], **options: Any) -> Report:
    (report,) = Plain(settings(options=options)).read(callback(body))
    return report


async def test_a_charge_travels_under_its_token() -> None:
    async with plain(told(200, PAID)) as (adapter, server):
        outcome = await adapter.charge(request())

    assert isinstance(outcome, Paid)
    assert outcome.money == Money.of(1000, "PKR")
    assert outcome.at == datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)
    assert outcome.receipt.token == "op-7"
    head = server.requests[0].lower()
    assert head.startswith(b"post /v1/charges http/1.1")
    assert f"idempotency-key: {TOKEN}".encode() in head
    assert b"authorization: bearer canary-api-key-000" in head
    assert json.loads(server.bodies[0]) == {
        "token": TOKEN,
        "msisdn": NUMBER.digits,
        "amount_minor": 1000,
        "currency": "PKR",
        "service": "games",
        "keyword": "GO",
        "description": "Games, a week",
        "reply": "now",
    }


async def test_an_operator_that_answers_later_is_told_so() -> None:
    async with plain(told(200, without(status="accepted")), options={"mode": "async"}) as (
        adapter,
        server,
    ):
        assert isinstance(await adapter.charge(request()), Accepted)

    assert json.loads(server.bodies[0])["reply"] == "later"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (without(status="accepted"), Accepted),
        (without(status="postpaid"), Postpaid),
        (without(status="blacklisted"), Blacklisted),
        (without(status="declined", reason="barred"), Declined),
    ],
)
async def test_a_status_means_one_thing(said: object, kind: type) -> None:
    async with plain(told(200, said)) as (adapter, _):
        assert isinstance(await adapter.charge(request()), kind)


@pytest.mark.parametrize(
    ("reason", "meant"),
    [
        *((reason.value, reason) for reason in OperatorDecline),
        ("mercury_retrograde", OperatorDecline.OTHER),
        ("", OperatorDecline.OTHER),
    ],
)
async def test_a_decline_has_a_reason_of_ours_or_is_other(
    reason: str, meant: OperatorDecline
) -> None:
    async with plain(told(200, without(status="declined", reason=reason))) as (adapter, _):
        outcome = await adapter.charge(request())

    assert isinstance(outcome, Declined)
    assert outcome.reason is meant


UNREADABLE = [
    told(200, without("token")),
    told(200, without(token="another")),
    told(200, without(status="done")),
    told(200, without("amount_minor")),
    told(200, without("currency")),
    told(200, without(currency="RUPEES")),
    told(200, without(currency="XXX")),
    told(200, without(amount_minor=-1000)),
    told(200, without(amount_minor=10.5)),
    told(200, without(amount_minor=10**30)),
    told(200, [PAID]),
    answer(200, b""),
    answer(200, b"[" * 20_000),
    answer(200, b"<html>welcome</html>"),
    answer(204, b""),
    told(202, PAID),
    told(302, PAID, location="/elsewhere"),
    told(408, PAID),
    told(409, {"error": {"code": "in_progress"}}),
    told(500, PAID),
    told(503, {"error": {"code": "down"}}),
    answer(404, b"<html>not here</html>"),
    answer(400, b"bad gateway of somebody"),
    cut(told(200, PAID)),
    hang_up,
    silence,
]


@pytest.mark.parametrize("answered", UNREADABLE)
async def test_what_cannot_be_read_is_unknown_and_no_question_is_answered_by_it(
    answered: Any,
) -> None:
    async with plain(answered) as (adapter, _):
        assert isinstance(await adapter.charge(request()), OutcomeUnknown)
        assert isinstance(await adapter.query(TOKEN, NUMBER), Unreachable)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_a_refusal_in_the_operators_words_has_done_nothing(status: int) -> None:
    async with plain(told(status, {"error": {"code": "no"}})) as (adapter, _):
        outcome = await adapter.charge(request())

    assert isinstance(outcome, Misconfigured)
    assert outcome.why == f"the operator answered {status} no"


async def test_a_throttle_says_when_to_come_again() -> None:
    async with plain(told(429, {}, retry_after="7")) as (adapter, _):
        assert await adapter.charge(request()) == NotSent("the gateway is asked too often", 7.0)


async def test_only_the_operators_own_words_say_that_a_charge_was_never_heard_of() -> None:
    async with plain(told(404, {"error": {"code": "unknown_charge"}})) as (adapter, _):
        assert await adapter.query(TOKEN, NUMBER) == NeverHeard()
    async with plain(told(404, {"error": {"code": "no_route"}})) as (adapter, _):
        assert isinstance(await adapter.query(TOKEN, NUMBER), Unreachable)


async def test_a_token_that_would_be_another_path_is_asked_nobody() -> None:
    async with plain(told(200, PAID)) as (adapter, server):
        for token in ("", "../sms", "a/b", "a?b", "ё", "a" * 65):
            assert await adapter.query(token, NUMBER) == NeverHeard()

    assert server.requests == []


@pytest.mark.parametrize(
    "answered",
    [
        told(200, {"id": "another", "status": "sent"}),
        told(200, {"id": "s-1", "status": "on its way"}),
        answer(200, b""),
        answer(400, b"<html>"),
        told(500, {}),
    ],
)
async def test_a_text_whose_answer_cannot_be_read_is_unknown(answered: bytes) -> None:
    async with plain(answered) as (adapter, _):
        sent = await adapter.send_sms(
            SmsRequest(id="s-1", msisdn=NUMBER, text="x", service_code="games")
        )

    assert isinstance(sent, OutcomeUnknown)


def test_a_signature_is_what_the_document_says() -> None:
    """Computed once with another implementation: `openssl dgst -sha256 -hmac`."""
    assert sign("sixteen-letters-", "1772366400", b'{"event_id":"e-1"}') == (
        "v1=152125fb79d4ca136650112927d92647dae1cdb4d369f619339914cd8a082d8f"
    )


def test_a_secret_can_be_changed_without_losing_a_callback() -> None:
    before, after = "canary-before-0000", "canary-after-00000"
    adapter = Plain(
        settings(secrets={**SECRETS, "callback_secret": after, "callback_secret_before": before})
    )

    for secret in (before, after):
        assert adapter.read(callback(event(type="purge"), secret=secret))
    with pytest.raises(CallbackRefused):
        adapter.read(callback(event(type="purge"), secret="canary-other-00000"))


def test_an_empty_earlier_secret_opens_nothing() -> None:
    with pytest.raises(CallbackRefused):
        Plain(settings()).read(callback(event(type="purge"), secret=""))


@pytest.mark.parametrize(("seconds", "taken"), [(60, True), (-60, True), (61, False), (-61, False)])
def test_a_callback_is_good_for_as_long_as_the_option_says(seconds: int, taken: bool) -> None:
    adapter = Plain(settings(options={"replay_seconds": 60}))
    late = callback(event(type="purge"), received_at=NOON + timedelta(seconds=seconds))

    if taken:
        assert adapter.read(late)
        return
    with pytest.raises(CallbackRefused) as refused:
        adapter.read(late)
    assert not refused.value.authentic


def test_a_report_of_a_charge_names_it_and_its_outcome() -> None:
    report = read(event(type="charge", charge=PAID, service="games"))

    assert isinstance(report, ChargeReported)
    assert isinstance(report.outcome, Paid)
    assert (report.event_id, report.token, report.msisdn) == ("e-1", TOKEN, NUMBER)
    assert report.service_code == "games"


@pytest.mark.parametrize(
    ("text", "kind", "keyword"),
    [
        ("go", SubscribeRequested, "go"),
        ("GO games now", SubscribeRequested, "GO"),
        ("stop", UnsubscribeRequested, None),
        ("  OFF   go ", UnsubscribeRequested, "go"),
        ("Stop All", PurgeRequested, None),
        ("stopping", SubscribeRequested, "stopping"),
    ],
)
def test_a_text_orders_or_stops(text: str, kind: type, keyword: str | None) -> None:
    report = read(event(type="mo", text=text))

    assert type(report) is kind
    assert getattr(report, "keyword", None) == keyword


def test_a_text_with_characters_no_column_stores_is_cleaned() -> None:
    report = read(event(type="mo", text="G\x00 now"))

    assert isinstance(report, SubscribeRequested)
    assert (report.keyword, report.text) == ("G\ufffd", "G\ufffd now")


def test_stop_words_are_the_operators_own() -> None:
    options = {"stop_words": ["стоп"]}

    assert isinstance(read(event(type="mo", text="СТОП"), **options), UnsubscribeRequested)
    assert isinstance(read(event(type="mo", text="stop"), **options), SubscribeRequested)


def test_a_kind_nobody_has_agreed_on_yet_is_taken_and_says_nothing() -> None:
    adapter = Plain(settings())

    assert adapter.read(callback(event(type="weather", degrees=30))) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 20_000,
        event(type="mo", text="   "),
        event(type="mo", text="go", msisdn="92300123456٧"),
        event(type="mo", text="go", msisdn="+923001234567"),
        event(type="mo", text="go", at="yesterday"),
        event(type="mo", text="go", at="2026-03-01T12:00:00"),
        event(type="mo", text="go", event_id=""),
        event(type="mo", text="go", event_id="a b"),
        event(type="mo", text="g" * 3000),
        event(type="mo", text="go", at="0001-01-01T00:00:00+14:00"),
        event(type="mo", text="go", event_id="e-1\n"),
        event(type="mo", text="go", msisdn=NUMBER.digits + "\n"),
        event(type="subscribe", keyword="G\x00O"),
        event(type="subscribe", keyword=""),
        event(type="subscribe"),
        event(type="subscribe", service="games", keyword="GO"),
        event(type="purge", msisdn=None),
        event(type="number_change"),
        event(type="charge"),
        event(type="charge", charge=without(status="done")),
        event(type="charge", charge=without("currency")),
    ],
)
def test_a_genuine_callback_that_makes_no_sense_is_refused_as_genuine(body: Any) -> None:
    with pytest.raises(CallbackRefused) as refused:
        Plain(settings()).read(callback(body))

    assert refused.value.authentic
    assert NUMBER.digits not in str(refused.value)


def test_a_callback_of_any_length_is_not_even_hashed() -> None:
    with pytest.raises(CallbackRefused, match="too long"):
        Plain(settings()).read(callback(b" " * 70_000))


@given(st.binary(max_size=200))
def test_no_signed_bytes_raise_anything_else(body: bytes) -> None:
    with pytest.raises(CallbackRefused):
        Plain(settings()).read(callback(body))


@given(st.text(max_size=40), st.text(max_size=80))
def test_no_headers_raise_anything_else(stamp: str, signature: str) -> None:
    forged = callback(b"{}", headers={"X-Timestamp": stamp, "X-Signature": signature})

    with pytest.raises(CallbackRefused):
        Plain(settings()).read(forged)
