"""The plain protocol as its contract is put to the test."""

import hmac
from dataclasses import replace
from datetime import timedelta

from application.carrier.gateway import ChargeMode, RawCallback
from tests.contract.spoken import Spoken, with_header, without_header


def _other_body(genuine: RawCallback) -> RawCallback:
    return replace(genuine, body=genuine.body + b" ")


def _played_back(genuine: RawCallback) -> RawCallback:
    return replace(genuine, received_at=genuine.received_at + timedelta(seconds=301))


def _from_the_future(genuine: RawCallback) -> RawCallback:
    return replace(genuine, received_at=genuine.received_at - timedelta(seconds=301))


def _signed_nonsense(genuine: RawCallback) -> RawCallback:
    body = b'{"event_id": "e1", "type": "mo", "msisdn": "not a number"}'
    stamped = genuine.headers["x-timestamp"].encode() + b"." + body
    key = PLAIN.canaries["callback_secret"].encode()
    mac = hmac.new(key, stamped, "sha256").hexdigest()
    return replace(genuine, body=body, headers={**genuine.headers, "x-signature": f"v1={mac}"})


PLAIN = Spoken(
    protocol="plain",
    mode=ChargeMode.SYNC,
    path="/v1",
    options={"mode": "sync"},
    secrets=("api_key", "callback_secret"),
    needed_secrets=("api_key", "callback_secret"),
    keeps_keys=True,
    sms_rejects=True,
    tells=frozenset({"mo", "subscribe", "unsubscribe", "purge", "number_change"}),
    forgeries={
        "unsigned": without_header("x-signature"),
        "signed otherwise": with_header("x-signature", "v1=" + "0" * 64),
        "signed in another script": with_header("x-signature", "v1=\u0660"),
        "undated": without_header("x-timestamp"),
        "dated otherwise": with_header("x-timestamp", "1"),
        "with another body": _other_body,
        "played back": _played_back,
        "from the future": _from_the_future,
    },
    broken=_signed_nonsense,
)
