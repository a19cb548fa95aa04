"""Notifications are signed over their raw bytes; what they say is still only a hint to look."""

import hashlib
import hmac
import json
from base64 import b64encode
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.checks import PaymentQuestion, Verdict
from adapters.providers.cloudpayments.notifications import Doorkeeper, answer
from application.payments.provider import EventKind, NotificationRefused, RawRequest, Trust
from domain.shared.money import Money
from tests.adapters.cloudpayments_wire import SECRET

DOOR = Doorkeeper(SECRET)
FIELDS: dict[str, Any] = {
    "TransactionId": 504,
    "Amount": "10.00",
    "Currency": "RUB",
    "DateTime": "2014-08-09 11:49:41",
    "CardFirstSix": "411111",
    "Status": "Completed",
    "InvoiceId": "a-1",
    "AccountId": "c-1",
    "Description": "Клуб + друзья & ко",
    "Data": '{"invoice_id":"i-1"}',
}


def signature(body: bytes, secret: str = SECRET) -> str:
    return b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def notified(kind: str = "pay", *, as_json: bool = False, **fields: Any) -> RawRequest:
    told = {**FIELDS, **fields}
    body = json.dumps(told).encode() if as_json else urlencode(told).encode()
    return RawRequest(
        method="POST",
        path=f"/webhooks/cloudpayments/{kind}",
        headers={"content-hmac": signature(body)},
        body=body,
        peer_ip="203.0.113.9",
    )


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("kind", "event", "external_id"),
    [
        ("pay", EventKind.PAYMENT_CHANGED, "a-1"),
        ("fail", EventKind.PAYMENT_CHANGED, "a-1"),
        ("confirm", EventKind.PAYMENT_CHANGED, "a-1"),
        ("cancel", EventKind.PAYMENT_CHANGED, "a-1"),
        ("refund", EventKind.REFUND_CHANGED, "504"),
        ("recurrent", EventKind.IGNORED, "504"),
        ("receipt", EventKind.IGNORED, "504"),
        ("cloudpayments", EventKind.IGNORED, "504"),
    ],
)
def test_the_address_says_what_a_notification_speaks_of(
    kind: str, event: EventKind, external_id: str, as_json: bool
) -> None:
    told = DOOR.verify(notified(kind, as_json=as_json))

    assert (told.provider, told.kind, told.external_id) == ("cloudpayments", event, external_id)
    assert told.trust is Trust.AUTHENTIC


def test_a_payment_without_an_invoice_is_named_by_its_number() -> None:
    assert DOOR.verify(notified(InvoiceId="")).external_id == "t-504"


def test_the_hundredth_delivery_has_the_key_of_the_first() -> None:
    first, again = DOOR.verify(notified()), DOOR.verify(notified(DateTime="2014-08-10 00:00:00"))
    held, failed = DOOR.verify(notified(Status="Authorized")), DOOR.verify(notified("fail"))

    assert first.dedupe_key == again.dedupe_key
    assert len({first.dedupe_key, held.dedupe_key, failed.dedupe_key}) == 3


def test_either_signature_opens_the_door() -> None:
    plain = notified()
    decoded = signature(unquote_plus(plain.body.decode()).encode())
    assert decoded != signature(plain.body)

    for headers in (
        {"content-hmac": signature(plain.body)},
        {"x-content-hmac": signature(plain.body)},
        {"x-content-hmac": decoded},
        {"content-hmac": "wrong", "x-content-hmac": decoded},
    ):
        assert DOOR.verify(replace(plain, headers=headers)).external_id == "a-1"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-hmac": ""},
        {"content-hmac": "wrong"},
        {"content-hmac": signature(notified().body, "another secret")},
        {"content-hmac": signature(unquote_plus(notified().body.decode()).encode())},
    ],
)
def test_without_a_right_signature_the_door_stays_shut(headers: dict[str, str]) -> None:
    with pytest.raises(NotificationRefused) as refused:
        DOOR.verify(replace(notified(), headers=headers))

    assert not refused.value.authentic


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_byte_can_be_changed(place: int, by: int) -> None:
    genuine = notified()
    changed = bytearray(genuine.body)
    changed[place % len(changed)] ^= by

    with pytest.raises(NotificationRefused):
        DOOR.verify(replace(genuine, body=bytes(changed)))


def test_what_is_signed_and_cannot_be_read_is_refused_as_broken() -> None:
    for body in (b"{", b"TransactionId=many", b"\xff\xfe=1", b"InvoiceId=a%00b&TransactionId=1"):
        request = replace(notified(), body=body, headers={"content-hmac": signature(body)})
        with pytest.raises(NotificationRefused) as refused:
            DOOR.verify(request)
        assert refused.value.authentic


def test_a_payment_that_names_no_transaction_is_refused_as_broken() -> None:
    with pytest.raises(NotificationRefused) as refused:
        DOOR.verify(notified(TransactionId=0))

    assert refused.value.authentic


def test_a_second_fence_asks_where_it_came_from() -> None:
    fenced = Doorkeeper(SECRET, ["91.142.84.0/27"])

    with pytest.raises(NotificationRefused):
        fenced.verify(notified())
    assert fenced.verify(replace(notified(), peer_ip="91.142.84.5")).external_id == "a-1"


def test_a_check_is_a_question_and_nothing_else_is() -> None:
    assert DOOR.question(notified("check")) == PaymentQuestion(
        reference="a-1", account_id="c-1", money=Money.of(1000, "RUB")
    )
    assert DOOR.question(notified("pay")) is None


@pytest.mark.parametrize("amount", ["10.005", "1e99", ""])
def test_a_check_of_no_amount_asks_for_none(amount: str) -> None:
    asked = DOOR.question(notified("check", Amount=amount))

    assert asked is not None
    assert asked.money is None


def test_a_forged_question_is_not_answered() -> None:
    with pytest.raises(NotificationRefused):
        DOOR.question(replace(notified("check"), headers={}))


def test_every_verdict_has_its_code() -> None:
    assert {verdict: json.loads(answer(verdict))["code"] for verdict in Verdict} == {
        Verdict.ACCEPTABLE: 0,
        Verdict.UNKNOWN_INVOICE: 10,
        Verdict.WRONG_ACCOUNT: 11,
        Verdict.WRONG_AMOUNT: 12,
        Verdict.NOT_ACCEPTED: 13,
        Verdict.TOO_LATE: 20,
    }
