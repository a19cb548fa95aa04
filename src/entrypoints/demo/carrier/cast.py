"""The operators of the demonstration: how each charges, where it is, and what goes wrong there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from domain.shared.money import Money

START: Final = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HOURS: Final = 7 * 24
# Throttles count business time, and the clock moves an hour at once: an hour's worth may wait.
_HOUR_OF_REQUESTS: Final = 3600 * 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator of the sandbox, and the service it sells for us.

    `share` is its part of all orders. `by_callback` tells whether its subscribers order and stop at
    the operator, or on our page. `conditions` are what its emulator is told to do wrong.
    """

    code: str
    protocol: str
    mode: str
    wire_id: int
    name: str
    country: str
    country_code: str
    prefix: str
    price: Money
    time_zone: str
    share: float
    by_callback: bool
    options: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Mapping[str, Any], ...] = ()

    @property
    def keyword(self) -> str:
        """What its subscribers write to order."""
        return "TIPS"

    @property
    def service(self) -> str:
        """The code of the service."""
        return "tips"

    @property
    def charges_by_itself(self) -> bool:
        """Tell whether nobody asks it to charge."""
        return bool(self.texts.get("of_the_day"))

    @property
    def pace(self) -> Mapping[str, Any]:
        """Fifteen requests a second of business time."""
        return {"requests_per_second": 15.0, "burst": _HOUR_OF_REQUESTS}


# They open nothing but the sandbox of this deployment, which listens on loopback alone.
SECRETS: Final[Mapping[str, Mapping[str, str]]] = {
    "mobilink": {"sms_user": "sandbox", "sms_password": "sandbox"},
    "yondu": {"key": "sandbox-key-0", "callback_key": "sandbox-callback-0"},
    "qrtech": {
        "username": "sandbox",
        "mo_token": "sandbox-mo-0",
        "callback_key": "sandbox-callback-0",
    },
}
_THAI: Final = {"4541": {"service": "tips", "id": "12", "price_minor": 900}}
_POLICY: Final = {"delay_hours": 24, "retry_days": 3}

CAST: Final = (
    Operator(
        code="mobilink",
        protocol="ucip",
        mode="answers at once",
        wire_id=41001,
        name="Mobilink",
        country="Pakistan",
        country_code="92",
        prefix="92300",
        price=Money.of(500, "PKR"),
        time_zone="Asia/Karachi",
        share=0.4,
        by_callback=False,
        options={"plain_http": True, "sms_url": "{sandbox}"},
        texts={"on_subscribe": "Welcome to Tips.", "on_unsubscribe": "Good-bye."},
        policy=_POLICY,
        conditions={
            "decline_percent": 15,
            "outages": [
                {
                    "from": "2026-03-04T09:00:00+00:00",
                    "to": "2026-03-04T11:00:00+00:00",
                    "kind": "error_500",
                }
            ],
        },
        faults=(
            # Billed, and the line broke before anybody heard so.
            {"kind": "drop_after_commit", "operation": "charge", "probability": 0.01, "seed": 7},
        ),
    ),
    Operator(
        code="yondu",
        protocol="xportal",
        mode="reports later",
        wire_id=51501,
        name="Yondu",
        country="Philippines",
        country_code="63",
        prefix="63917",
        price=Money.of(1000, "PHP"),
        time_zone="Asia/Manila",
        share=0.4,
        by_callback=True,
        options={"plain_http": True},
        texts={"on_content": "Your tip of the day: %s"},
        policy=_POLICY,
        conditions={
            "decline_percent": 15,
            "notifications": {
                "lost_percent": 2,
                "duplicate_percent": 5,
                "interim_percent": 10,
                "delay_seconds": 900,
            },
        },
    ),
    Operator(
        code="qrtech",
        protocol="qrtech",
        mode="charges by itself",
        wire_id=52001,
        name="QRTech",
        country="Thailand",
        country_code="66",
        prefix="6681",
        price=Money.of(900, "THB"),
        time_zone="Asia/Bangkok",
        share=0.2,
        by_callback=True,
        options={"plain_http": True, "services": _THAI},
        texts={"of_the_day": "Drink a glass of water."},
        policy=_POLICY,
        conditions={
            "decline_percent": 10,
            "notifications": {"lost_percent": 2, "duplicate_percent": 5, "interim_percent": 10},
        },
    ),
)
