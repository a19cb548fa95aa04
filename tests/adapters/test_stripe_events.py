"""Events are signed over their raw bytes, are fresh, and are read for what they speak of alone."""

import hmac
import json
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.clock import ManualClock
from adapters.providers.stripe import StripeSettings
from adapters.providers.stripe.events import Doorkeeper
from application.payments.provider import EventKind, NotificationRefused, RawRequest, Trust
from tests.adapters.stripe_wire import (
    INTENT_ID,
    MOMENT,
    NOW,
    SECRET,
    SESSION_ID,
    SIGNING,
    a_refund,
    a_session,
    an_intent,
    event_of,
)

BODY = event_of("payment_intent.succeeded", an_intent())


def door(*secrets: str) -> Doorkeeper:
    settings = StripeSettings(
        secret=SECRET, webhook_secrets=secrets or (SIGNING,), clock=ManualClock(NOW)
    )
    return Doorkeeper(settings)


def mark(body: bytes, secret: str = SIGNING, at: int = MOMENT) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, sha256).hexdigest()


def request(body: bytes = BODY, signature: str | None = None) -> RawRequest:
    header = f"t={MOMENT},v1={mark(body)}" if signature is None else signature
    return RawRequest(
        method="POST",
        path="/webhooks/stripe",
        headers={"stripe-signature": header},
        body=body,
        peer_ip="3.18.12.63",
    )


def refused(asked: RawRequest, at: Doorkeeper | None = None) -> NotificationRefused:
    with pytest.raises(NotificationRefused) as error:
        (at or door()).verify(asked)
    return error.value


def test_a_signature_that_another_program_computed_is_understood() -> None:
    """HMAC-SHA256 over `t.body` in hexadecimal, by `openssl dgst -sha256 -hmac`."""
    body = b'{"id":"evt_1","object":"event","type":"x","data":{"object":{"id":"ch_1"}}}'
    known = "f67b587c74d1b3da25c07998780bdc1101b19797724a92e2975e52fd7fcdca1f"

    told = door().verify(request(body, f"t={MOMENT},v1={known}"))

    assert told.dedupe_key == "evt_1"


def test_a_signed_event_is_believed_and_known_by_its_id() -> None:
    told = door().verify(request())

    assert told.provider == "stripe"
    assert told.dedupe_key == "evt_1NG8Du2eZvKYlo2CUI79vXWy"
    assert told.kind is EventKind.PAYMENT_CHANGED
    assert told.external_id == INTENT_ID
    assert told.trust is Trust.AUTHENTIC


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "t=1680800504",
        f"v1={mark(BODY)}",
        f"t={MOMENT},v0={mark(BODY)}",
        f"t={MOMENT},v1=",
        f"t={MOMENT},v1={mark(BODY)[:-1]}0x",
        f"t={MOMENT},v1={mark(BODY, 'whsec_somebody_elses')}",
        f"t={MOMENT + 1},v1={mark(BODY)}",
        f"t={MOMENT},t={MOMENT},v1={mark(BODY)}",
        f"t=-{MOMENT},v1={mark(BODY)}",
        f"t=١٢٣,v1={mark(BODY)}",
        f"t=1e9,v1={mark(BODY)}",
        "ключ=значение",
    ],
)
def test_what_is_not_signed_with_our_secret_is_refused(signature: str) -> None:
    assert refused(request(signature=signature)).authentic is False


def test_one_changed_byte_of_the_body_is_refused() -> None:
    genuine = request()

    assert not refused(replace(genuine, body=BODY.replace(b"29900", b"29901"))).authentic
    assert not refused(replace(genuine, body=BODY + b"\n")).authentic


@pytest.mark.parametrize("age", [-300, 0, 300])
def test_a_signature_may_be_five_minutes_off(age: int) -> None:
    at = int(NOW.timestamp()) - age

    assert door().verify(request(signature=f"t={at},v1={mark(BODY, at=at)}"))


@pytest.mark.parametrize("age", [-301, 301, 86_400])
def test_a_recorded_event_cannot_be_played_back_later(age: int) -> None:
    at = int(NOW.timestamp()) - age

    assert not refused(request(signature=f"t={at},v1={mark(BODY, at=at)}")).authentic


def test_while_a_secret_is_rolled_both_are_good_and_one_right_mark_is_enough() -> None:
    old, new = "whsec_the_old_one", "whsec_the_new_one"
    both = f"t={MOMENT},v1={mark(BODY, old)},v1={mark(BODY, new)},v0=abc"

    for keeper in (door(old), door(new), door(old, new)):
        assert keeper.verify(request(signature=both)).external_id == INTENT_ID
    for one in (old, new):
        alone = request(signature=f"t={MOMENT},v1={mark(BODY, one)}")
        assert door(old, new).verify(alone)
    assert not refused(request(signature=f"t={MOMENT},v1={mark(BODY, old)}"), door(new)).authentic


DISPUTE = {"id": "dp_1", "object": "dispute", "payment_intent": INTENT_ID}
CHARGE = {"id": "ch_1", "object": "charge", "payment_intent": INTENT_ID, "metadata": {}}


@pytest.mark.parametrize(
    ("event", "about", "kind", "external_id"),
    [
        ("checkout.session.completed", a_session(), EventKind.PAYMENT_CHANGED, SESSION_ID),
        ("checkout.session.expired", a_session(), EventKind.PAYMENT_CHANGED, SESSION_ID),
        (
            "checkout.session.async_payment_failed",
            a_session(),
            EventKind.PAYMENT_CHANGED,
            SESSION_ID,
        ),
        ("payment_intent.payment_failed", an_intent(), EventKind.PAYMENT_CHANGED, INTENT_ID),
        ("payment_intent.canceled", an_intent(), EventKind.PAYMENT_CHANGED, INTENT_ID),
        (
            "payment_intent.succeeded",
            an_intent(metadata={"kazna_payment": SESSION_ID}),
            EventKind.PAYMENT_CHANGED,
            SESSION_ID,
        ),
        ("charge.refunded", CHARGE, EventKind.PAYMENT_CHANGED, INTENT_ID),
        ("charge.dispute.created", DISPUTE, EventKind.PAYMENT_CHANGED, INTENT_ID),
        (
            "charge.dispute.closed",
            {**DISPUTE, "payment_intent": {"id": INTENT_ID}},
            EventKind.PAYMENT_CHANGED,
            INTENT_ID,
        ),
        ("refund.created", a_refund(), EventKind.REFUND_CHANGED, a_refund()["id"]),
        ("refund.failed", a_refund(), EventKind.REFUND_CHANGED, a_refund()["id"]),
        ("charge.refund.updated", a_refund(), EventKind.REFUND_CHANGED, a_refund()["id"]),
        ("charge.refunded", {"id": "ch_1", "object": "charge"}, EventKind.IGNORED, "ch_1"),
        ("customer.created", {"id": "cus_1"}, EventKind.IGNORED, "cus_1"),
        ("payment_intent.created", an_intent(), EventKind.IGNORED, INTENT_ID),
    ],
)
def test_an_event_leads_to_the_object_that_is_fetched(
    event: str, about: dict[str, object], kind: EventKind, external_id: str
) -> None:
    told = door().verify(request(event_of(event, about)))

    assert (told.kind, told.external_id) == (kind, external_id)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"not json",
        b"[" * 100_000,
        json.dumps({"object": "event", "id": "evt_1"}).encode(),
        event_of("x", {"id": "../../etc"}),
        event_of("x", {"id": 7}),
        event_of("x" * 101, {"id": "pi_1"}),
        event_of("x", {"id": "pi_1"}, object="list"),
    ],
)
def test_what_is_signed_and_cannot_be_read_is_broken_and_not_forged(body: bytes) -> None:
    assert refused(request(body)).authentic is True


def test_a_body_without_end_is_refused_before_it_is_read() -> None:
    assert not refused(request(b" " * (256 * 1024 + 1))).authentic


@given(st.binary(max_size=200), st.text(max_size=200))
def test_nothing_a_stranger_sends_gets_past_the_door(body: bytes, header: str) -> None:
    assert not refused(request(body, header)).authentic
