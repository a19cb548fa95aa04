"""The options and secrets of QRTech, checked when the gateway is built."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from adapters.operators.callbacks import Sender
from adapters.operators.declines import code_table
from adapters.operators.options import Options, sender_of
from application.carrier.gateway import OperatorDecline, OperatorSettings

_SHORTCODE = re.compile(r"[0-9]{3,12}")
_LARGEST = 10**12
# What a notification may say besides 200 and 100; a code that is not here decides nothing.
DECLINES: Final[Mapping[str, OperatorDecline]] = MappingProxyType(
    {
        "500": OperatorDecline.OTHER,
        "501": OperatorDecline.OTHER,
        "510": OperatorDecline.UNKNOWN_NUMBER,
        "511": OperatorDecline.BARRED,
        "512": OperatorDecline.UNKNOWN_NUMBER,
        "520": OperatorDecline.OPERATOR_FAILURE,
        "521": OperatorDecline.OPERATOR_FAILURE,
        "530": OperatorDecline.OPERATOR_FAILURE,
        "531": OperatorDecline.INSUFFICIENT_FUNDS,
        "532": OperatorDecline.FREQUENCY_EXCEEDED,
        "550": OperatorDecline.OTHER,
    }
)


@dataclass(frozen=True, slots=True)
class Sold:
    """A service as the operator knows it: its short code, its id for texts, and its price."""

    shortcode: str
    service_code: str
    text_id: str
    price_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QRTechOptions:
    """What such an operator and its partner agree on.

    The operator names a service by its short code and says no amounts, so `sold` holds both.
    """

    path: str
    sold: Mapping[str, Sold]
    stop_words: frozenset[str]
    declines: Mapping[str, OperatorDecline]
    sender: Sender
    plain_allowed: bool
    user: str = field(repr=False)
    mo_token: str = field(repr=False)

    def by_service(self, service_code: str) -> Sold | None:
        """Return a service by our code for it."""
        found = (one for one in self.sold.values() if one.service_code == service_code)
        return next(found, None)


def read_options(settings: OperatorSettings) -> QRTechOptions:
    """Read them all; raise ValueError with one sentence about the first mistake."""
    options = Options(settings, protocol="qrtech")
    path = options.text("path", "mt")
    if not path.isascii() or set(path) & set("?# \\") or path.startswith("/"):
        raise ValueError("the option path is a plain relative path")
    read = QRTechOptions(
        path=path,
        sold=_sold(options.table("services")),
        stop_words=frozenset(word.casefold() for word in options.texts("stop_words", ("stop",))),
        declines={**DECLINES, **code_table("declines", options.table("declines"))},
        sender=sender_of(options, "qrtech"),
        plain_allowed=options.flag("plain_http"),
        user=options.secret("username"),
        mo_token=options.secret("mo_token", at_least=8),
    )
    options.done()
    return read


def _sold(given: Mapping[str, Any]) -> dict[str, Sold]:
    if not given:
        raise ValueError("the option services maps short codes to what is sold under them")
    found: dict[str, Sold] = {}
    for shortcode, one in given.items():
        sound = (
            _SHORTCODE.fullmatch(shortcode)
            and isinstance(one, Mapping)
            and set(one) == {"service", "id", "price_minor"}
            and all(isinstance(one[name], str) and one[name] for name in ("service", "id"))
            and type(one["price_minor"]) is int
            and 0 < one["price_minor"] <= _LARGEST
        )
        if not sound:
            raise ValueError("the option services maps a short code to service, id and price_minor")
        found[shortcode] = Sold(shortcode, one["service"], one["id"], one["price_minor"])
    return found
