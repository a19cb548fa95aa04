"""Notifications are unsigned: the address is the only fence, and what they say only a hint."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.yookassa import WEBHOOK_NETWORKS
from adapters.providers.yookassa.notifications import Doorkeeper
from application.payments.provider import EventKind, NotificationRefused, RawRequest, Trust
from tests.adapters.yookassa_wire import PAYMENT_ID, a_payment

DOOR = Doorkeeper(WEBHOOK_NETWORKS)


def notified(event: str = "payment.succeeded", **told: object) -> RawRequest:
    body = {"type": "notification", "event": event, "object": told or a_payment()}
    return RawRequest(
        method="POST",
        path="/api/v1/webhooks/yookassa",
        headers={"content-type": "application/json"},
        body=json.dumps(body).encode(),
        peer_ip="185.71.76.1",
    )


@pytest.mark.parametrize(
    "address",
    [
        "185.71.76.0",
        "185.71.76.31",
        "185.71.77.17",
        "77.75.153.127",
        "77.75.154.128",
        "77.75.156.11",
        "77.75.156.35",
        "2a02:5180:0:1509::1",
        "2a02:5180:0:2655:ffff:ffff:ffff:ffff",
        "2a02:5180:0:1533::",
        "2a02:5180:0:2669::7",
        "::ffff:185.71.76.1",
        "::FFFF:4d4b:9c0b",
    ],
)
def test_every_published_address_is_let_in(address: str) -> None:
    assert DOOR.verify(replace(notified(), peer_ip=address)).external_id == PAYMENT_ID


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "localhost",
        "127.0.0.1",
        "185.71.76.32",
        "77.75.153.128",
        "77.75.154.127",
        "77.75.156.12",
        "2a02:5180:0:1510::1",
        "::ffff:127.0.0.1",
        "::185.71.76.1",
        "185.71.76.1, 10.0.0.1",
        "185.71.76.1:443",
        "0185.71.76.1",
    ],
)
def test_everybody_else_is_turned_away_before_a_byte_is_read(address: str | None) -> None:
    with pytest.raises(NotificationRefused) as refused:
        DOOR.verify(replace(notified(), peer_ip=address, body=b"broken"))

    assert not refused.value.authentic


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("payment.succeeded", EventKind.PAYMENT_CHANGED),
        ("payment.canceled", EventKind.PAYMENT_CHANGED),
        ("payment.waiting_for_capture", EventKind.PAYMENT_CHANGED),
        ("refund.succeeded", EventKind.REFUND_CHANGED),
        ("payment_method.active", EventKind.IGNORED),
        ("payout.succeeded", EventKind.IGNORED),
        ("an.event.of.tomorrow", EventKind.IGNORED),
    ],
)
def test_an_event_is_told_by_kind_and_id_and_never_believed(event: str, kind: EventKind) -> None:
    told = DOOR.verify(notified(event, id="x-1", status="succeeded"))

    assert told.provider == "yookassa"
    assert told.kind is kind
    assert told.external_id == "x-1"
    assert told.trust is Trust.HINT


def test_the_key_tells_apart_event_object_and_status() -> None:
    keys = {
        DOOR.verify(notified(event, id=external_id, status=status)).dedupe_key
        for event in ("payment.succeeded", "payment.canceled")
        for external_id in ("a", "b")
        for status in ("succeeded", "canceled")
    }

    assert len(keys) == 8
    assert DOOR.verify(notified()).dedupe_key == DOOR.verify(notified()).dedupe_key


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b"[]",
        b"\xff",
        b'{"type":"notification","event":"payment.succeeded"}',
        b'{"type":"notification","event":"payment.succeeded","object":{"id":"../refunds"}}',
        b'{"type":"notification","event":"payment.succeeded","object":{"id":17}}',
        b'{"type":"something","event":"payment.succeeded","object":{"id":"a"}}',
        b'{"type":"notification","event":"' + b"e" * 65 + b'","object":{"id":"a"}}',
        b"[" * 100_000,
        json.dumps(
            {"type": "notification", "event": "x", "object": {"id": "a"}, "more": "a" * 300_000}
        ).encode(),
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_broken_notification_of_a_true_sender_is_refused_as_broken(body: bytes) -> None:
    with pytest.raises(NotificationRefused) as refused:
        DOOR.verify(replace(notified(), body=body))

    assert refused.value.authentic


@given(st.binary(max_size=300))
def test_no_bytes_whatever_get_past_the_door(body: bytes) -> None:
    with pytest.raises(NotificationRefused):
        DOOR.verify(replace(notified(), body=body))
