"""The options and secrets of UCIP, checked when the gateway is built."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from adapters.operators.declines import code_table
from adapters.operators.options import Options
from application.carrier.gateway import OperatorDecline, OperatorSettings

# Of Ericsson's response codes those that say something of the subscriber; 112 is Mobilink's. A
# code from 100 upwards is an error, and an error has changed nothing.
DECLINES: Final[Mapping[int, OperatorDecline]] = MappingProxyType(
    {
        100: OperatorDecline.OPERATOR_FAILURE,
        102: OperatorDecline.UNKNOWN_NUMBER,
        103: OperatorDecline.BARRED,
        104: OperatorDecline.BARRED,
        112: OperatorDecline.INSUFFICIENT_FUNDS,
        124: OperatorDecline.INSUFFICIENT_FUNDS,
        126: OperatorDecline.INACTIVE_NUMBER,
    }
)
POSTPAID: Final = (11, 27, 70)


@dataclass(frozen=True, slots=True, kw_only=True)
class UcipOptions:
    """What a UCIP server and its partner agree on.

    `path` is where the server listens under the base address. `digits` writes transaction ids as
    twenty digits made from the token, for servers that take nothing else. `precheck` asks for the
    balance before charging, which is how postpaid numbers are found. `sms_url` is the address of a
    Kannel-like gate for texts; empty for none.
    """

    path: str
    node_type: str
    host_name: str
    user_agent: str
    digits: bool
    precheck: bool
    number_kind: int
    postpaid: frozenset[int]
    blacklisted: frozenset[int]
    declines: Mapping[int, OperatorDecline]
    plain_allowed: bool
    zone: ZoneInfo
    user: str
    password: str = field(repr=False)
    sms_url: str
    sms_path: str
    sms_from: str
    sms_smsc: str
    sms_user: str
    sms_password: str = field(repr=False)


def read_options(settings: OperatorSettings) -> UcipOptions:
    """Read them all; raise ValueError with one sentence about the first mistake."""
    options = Options(settings, protocol="ucip")
    sms_url = options.text("sms_url", "")
    read = UcipOptions(
        path=_path(options, "path", "Air"),
        node_type=options.text("node_type", "EXT"),
        host_name=options.text("host_name", "kazna"),
        user_agent=options.text("user_agent", "UGw Server/3.1/1.0"),
        digits=options.choice("transaction_id", ("token", "digits"), "token") == "digits",
        precheck=options.flag("precheck", default=True),
        number_kind=options.whole("number_kind", low=0, high=2, default=2),
        postpaid=_codes(options, "postpaid_codes", tuple(str(code) for code in POSTPAID)),
        blacklisted=_codes(options, "blacklist_codes", ()),
        declines={**DECLINES, **_reasons(options)},
        plain_allowed=options.flag("plain_http"),
        zone=_zone(settings),
        user=options.optional_secret("user"),
        password=options.optional_secret("password"),
        sms_url=sms_url,
        sms_path=_path(options, "sms_path", "cgi-bin/sendsms"),
        sms_from=options.text("sms_from", ""),
        sms_smsc=options.text("sms_smsc", ""),
        sms_user=options.secret("sms_user") if sms_url else "",
        sms_password=options.secret("sms_password") if sms_url else "",
    )
    options.done()
    if bool(read.user) != bool(read.password) or ":" in read.user:
        raise ValueError("the secrets user and password of ucip come together, the user colonless")
    return read


def _path(options: Options, name: str, default: str) -> str:
    path = options.text(name, default)
    if not path.isascii() or set(path) & set("?# \\") or path.startswith("/"):
        raise ValueError(f"the option {name} is a plain relative path")
    return path


def _codes(options: Options, name: str, default: tuple[str, ...]) -> frozenset[int]:
    given = options.texts(name, default)
    if not all(code.isascii() and code.isdigit() and len(code) <= 6 for code in given):
        raise ValueError(f"the option {name} is a list of response codes in digits")
    return frozenset(int(code) for code in given)


def _reasons(options: Options) -> dict[int, OperatorDecline]:
    table = code_table("declines", options.table("declines"))
    if not all(code.isascii() and code.isdigit() and 100 <= int(code) < 10**6 for code in table):
        raise ValueError("the option declines maps response codes from 100 upwards")
    return {int(code): reason for code, reason in table.items()}


def _zone(settings: OperatorSettings) -> ZoneInfo:
    try:
        return ZoneInfo(settings.time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {settings.time_zone!r}") from error
