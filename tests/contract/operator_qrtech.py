"""QRTech as its contract is put to the test."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from application.carrier.gateway import ChargeMode, RawCallback
from tests.contract.operator_xportal import FORGED_KEYS
from tests.contract.spoken import Forge, Spoken


def _form(**changes: str | None) -> Forge:
    def forge(one: RawCallback) -> RawCallback:
        fields = dict(parse_qsl(one.body.decode(), keep_blank_values=True)) | changes
        kept = {name: value for name, value in fields.items() if value is not None}
        return replace(one, body=urlencode(kept).encode())

    return forge


def _token_twice(one: RawCallback) -> RawCallback:
    return replace(one, body=one.body + b"&motoken=another-one")


QRTECH = Spoken(
    protocol="qrtech",
    mode=ChargeMode.MANAGED,
    options={
        "networks": ["127.0.0.0/8"],
        "services": {"4541": {"service": "go", "id": "12", "price_minor": 1000}},
    },
    secrets=("username", "mo_token", "callback_key"),
    needed_secrets=("username", "mo_token"),
    sms=False,
    broadcasts=True,
    service="go",
    tells=frozenset({"mo", "unsubscribe"}),
    forgeries={
        **FORGED_KEYS,
        "without a token": _form(motoken=None),
        "with another token": _form(motoken="another-one"),
        "with two tokens": _token_twice,
    },
    broken=_form(shortcode="9999"),
)
