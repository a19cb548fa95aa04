"""Options are checked when a gateway is built, and a mistake is told in one sentence."""

from typing import Any

import pytest

from adapters.operators.options import Options
from adapters.operators.plain import Plain
from adapters.operators.ucip import Ucip
from tests.adapters.operators.wires import SECRETS, settings

UCIP_MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"transaction_id": "uuid"}, "transaction_id"),
    ({"precheck": "yes"}, "precheck"),
    ({"number_kind": 3}, "number_kind"),
    ({"number_kind": True}, "number_kind"),
    ({"postpaid_codes": "11"}, "postpaid_codes"),
    ({"postpaid_codes": [11]}, "postpaid_codes"),
    ({"postpaid_codes": ["-1"]}, "postpaid_codes"),
    ({"declines": {"112": "poor"}}, "declines"),
    ({"declines": {"12": "barred"}}, "declines"),
    ({"declines": {"x": "barred"}}, "declines"),
    ({"declines": ["112"]}, "declines"),
    ({"path": "/Air"}, "path"),
    ({"path": "Air?x=1"}, "path"),
    ({"user_agent": "a\r\nb: c"}, "user_agent"),
    ({"sms_url": "http://127.0.0.1"}, "sms_user"),
    ({"plain_http": 1}, "plain_http"),
    ({"node_tipe": "EXT"}, "node_tipe"),
]
PLAIN_MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"mode": "later"}, "mode"),
    ({"mode": None}, "mode"),
    ({"callback_hours": 0}, "callback_hours"),
    ({"callback_hours": "24"}, "callback_hours"),
    ({"callback_hours": float("nan")}, "callback_hours"),
    ({"replay_seconds": 5}, "replay_seconds"),
    ({"replay_seconds": 60.5}, "replay_seconds"),
    ({"stop_words": "stop"}, "stop_words"),
    ({"stop_words": [""]}, "stop_words"),
    ({"sms": "no"}, "sms"),
    ({"token": "x"}, "token"),
]


@pytest.mark.parametrize(("options", "name"), UCIP_MISTAKES)
def test_a_mistake_in_ucip_is_named(options: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Ucip(settings(options=options))


@pytest.mark.parametrize(("options", "name"), PLAIN_MISTAKES)
def test_a_mistake_in_plain_is_named(options: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Plain(settings(options=options))


@pytest.mark.parametrize(
    ("secrets", "name"),
    [
        ({**SECRETS, "api_key": "short"}, "api_key"),
        ({**SECRETS, "callback_secret": ""}, "callback_secret"),
        ({**SECRETS, "callback_secret": "ключ-ключ-ключ-ключ"}, "callback_secret"),
        ({**SECRETS, "callback_secret_before": "a\x00b"}, "callback_secret_before"),
    ],
)
def test_a_secret_that_cannot_be_one_is_named_and_never_shown(
    secrets: dict[str, str], name: str
) -> None:
    with pytest.raises(ValueError, match=name) as refused:
        Plain(settings(secrets=secrets))

    assert not any(text and text in str(refused.value) for text in secrets.values())


@pytest.mark.parametrize("user", ["", "a:b"])
def test_half_a_pair_of_credentials_is_refused(user: str) -> None:
    with pytest.raises(ValueError, match="user and password"):
        Ucip(settings(secrets={"user": user, "password": "canary-5"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://user:canary-5@operator.example"},
        {"base_url": "http://operator.example?key=canary-5"},
        {"time_zone": "Asia/Atlantis"},
        {"time_zone": "../etc/passwd"},
        {"country_code": ""},
        {"prefixes": ("7",)},
    ],
)
def test_a_row_that_cannot_work_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^.{10,200}$"):
        Ucip(settings(**changes))


def test_a_private_network_may_be_spoken_to_in_the_open() -> None:
    tunnel = "http://10.20.30.40:10010"

    assert Ucip(settings(base_url=tunnel, options={"plain_http": True})).code == "acme"
    with pytest.raises(ValueError, match="unencrypted"):
        Ucip(settings(base_url=tunnel))


def test_what_is_not_given_has_its_default() -> None:
    options = Options(settings(options={"b": 2}), protocol="x")

    assert options.text("a", "otherwise") == "otherwise"
    assert options.whole("b", low=1, high=3, default=1) == 2
    with pytest.raises(ValueError, match="must be given"):
        options.text("c")
    options.done()
