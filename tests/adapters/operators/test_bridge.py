"""The bridge's options, and what a gateway does that has nobody to call."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.operators.bridge import build
from adapters.operators.registry import build_operator, discover
from application.carrier.gateway import (
    BroadcastRejected,
    BroadcastRequest,
    CallbackRefused,
    ChargeMode,
    NotSent,
    OperatorSettings,
    RawCallback,
    SmsRejected,
    SmsRequest,
    Unreachable,
)
from domain.shared.msisdn import Msisdn
from tests.adapters.test_record import NOW

NUMBER = Msisdn("923001234567")


def settings(**options: Any) -> OperatorSettings:
    return OperatorSettings(
        code="mobilink",
        country_code="92",
        currency="PKR",
        time_zone="Asia/Karachi",
        options=options,
    )


def test_it_is_installed_under_its_name() -> None:
    assert build_operator("bridge", settings(), discover()).code == "mobilink"


def test_options_become_capabilities() -> None:
    one = build(
        settings(
            mode="async", idempotent=True, sms=False, callback_hours=2, tariffs_minor=[100, 250]
        )
    ).capabilities
    assert (one.mode, one.query, one.sms) == (ChargeMode.ASYNC, True, False)
    assert one.callback_timeout == timedelta(hours=2)
    assert one.tariffs_minor == {100, 250}
    assert build(settings()).capabilities.tariffs_minor is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "managed"},
        {"idempotent": "yes"},
        {"callback_hours": 0},
        {"tariffs_minor": [0]},
        {"tariffs_minor": 250},
        {"tariffs_minor": [True]},
        {"declines": {"112": "poor"}},
        {"idempotnet": True},
    ],
)
def test_a_wrong_option_is_refused_by_its_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        build(settings(**wrong))


async def test_nothing_is_carried_out_here() -> None:
    gateway = build(settings())
    text = SmsRequest(id="1", msisdn=NUMBER, text="hello", service_code="tips")

    assert isinstance(await gateway.query("1", NUMBER), Unreachable)
    assert isinstance(await gateway.send_sms(text), NotSent)
    assert isinstance(await build(settings(sms=False)).send_sms(text), SmsRejected)
    broadcast = BroadcastRequest(service_code="tips", day=NOW.date(), text="hello")
    assert isinstance(await gateway.broadcast(broadcast), BroadcastRejected)
    callback = RawCallback(
        method="POST", path="", query=(), headers={}, body=b"{}", peer_ip=None, received_at=NOW
    )
    with pytest.raises(CallbackRefused) as refused:
        gateway.read(callback)
    assert not refused.value.authentic
