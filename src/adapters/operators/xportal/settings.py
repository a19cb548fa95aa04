"""The options and secrets of XPortal, checked when the gateway is built."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from adapters.operators.callbacks import Sender
from adapters.operators.declines import code_table
from adapters.operators.options import Options, sender_of
from application.carrier.gateway import OperatorDecline, OperatorSettings

_PATH = re.compile(r"[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*")
_TARIFFS: Final = MappingProxyType({"250": "250", "1000": "1000", "2000": "2000"})
# What a notification may say besides "paid"; a code that is not here decides nothing.
DECLINES: Final[Mapping[str, OperatorDecline]] = MappingProxyType(
    {
        "400": OperatorDecline.OTHER,
        "401": OperatorDecline.UNKNOWN_NUMBER,
        "402": OperatorDecline.INACTIVE_NUMBER,
        "411": OperatorDecline.INSUFFICIENT_FUNDS,
        "412": OperatorDecline.INSUFFICIENT_FUNDS,
        "416": OperatorDecline.OTHER,
        "500": OperatorDecline.OPERATOR_FAILURE,
        "503": OperatorDecline.OPERATOR_FAILURE,
        "1001": OperatorDecline.OTHER,
        "1002": OperatorDecline.OTHER,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class XPortalOptions:
    """What a gateway of this kind and its partner agree on.

    `tariffs` are the codes of the amounts, in minor units, that can be charged at all; `free` is
    the code that costs nothing, by which texts are sent.
    """

    path: str
    tariffs: Mapping[int, str]
    free: str
    stop_words: frozenset[str]
    declines: Mapping[str, OperatorDecline]
    callback_timeout: timedelta
    sender: Sender
    plain_allowed: bool
    key: str = field(repr=False)


def read_options(settings: OperatorSettings) -> XPortalOptions:
    """Read them all; raise ValueError with one sentence about the first mistake."""
    options = Options(settings, protocol="xportal")
    read = XPortalOptions(
        path=_path(options),
        tariffs=_tariffs(options.table("tariffs", _TARIFFS)),
        free=options.text("free_tariff", "0"),
        stop_words=frozenset(
            word.casefold() for word in options.texts("stop_words", ("stop", "off"))
        ),
        declines={**DECLINES, **code_table("declines", options.table("declines"))},
        callback_timeout=timedelta(
            hours=options.number("callback_hours", low=0.1, high=720, default=24)
        ),
        sender=sender_of(options, "xportal"),
        plain_allowed=options.flag("plain_http"),
        key=options.secret("key", at_least=8),
    )
    options.done()
    return read


def _path(options: Options) -> str:
    path = options.text("path", "mt")
    if not _PATH.fullmatch(path):
        raise ValueError("the option path is a plain relative path")
    return path


def _tariffs(given: Mapping[str, object]) -> dict[int, str]:
    sound = all(
        amount.isascii() and amount.isdigit() and int(amount) > 0 and isinstance(code, str) and code
        for amount, code in given.items()
    )
    if not given or not sound:
        raise ValueError("the option tariffs maps amounts in minor units to the codes of tariffs")
    return {int(amount): str(code) for amount, code in given.items()}
