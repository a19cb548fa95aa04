"""How the values of settings are read; each raises ValueError with what is expected."""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from ipaddress import ip_network
from types import MappingProxyType
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.http.outbound import Outbound
from adapters.mail.server import mail_sender, mail_server
from domain.shared.errors import InvalidValue
from domain.shared.money import Currency

_LEAST_KEY_BYTES = 32


def text(value: str) -> str:
    """Read text that is not empty."""
    if not value.strip():
        raise ValueError("a text that is not empty")
    return value


def number(least: int, most: int) -> Callable[[str], int]:
    """Read a whole number between two others, both included."""

    def reads(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(value)

    return reads


def flag(value: str) -> bool:
    """Read true or false."""
    if value.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return value.lower() == "true"


def zone(value: str) -> ZoneInfo:
    """Read a time zone."""
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("an IANA time zone such as Europe/Moscow") from error


def address(*schemes: str) -> Callable[[str], str]:
    """Read an address of one of these schemes."""

    def reads(value: str) -> str:
        if urlsplit(value).scheme not in schemes or not urlsplit(value).netloc:
            raise ValueError(f"an address that begins with {' or '.join(schemes)}://")
        return value.rstrip("/")

    return reads


def origins(value: str) -> tuple[str, ...]:
    """Read addresses."""
    one = address("http", "https")
    return tuple(one(part.strip()) for part in value.split(",") if part.strip())


def networks(value: str) -> tuple[str, ...]:
    """Read networks."""
    given = tuple(part.strip() for part in value.split(",") if part.strip())
    try:
        for network in given:
            ip_network(network)
    except ValueError as error:
        raise ValueError("networks such as 185.71.76.0/27, separated by commas") from error
    return given


def currency(value: str) -> str:
    """Read a currency."""
    try:
        return Currency(value).code
    except InvalidValue as error:
        raise ValueError("a currency code such as USD") from error


def hosts(value: str) -> tuple[str, ...]:
    """Read hosts that may be called."""
    given = tuple(part.strip() for part in value.split(",") if part.strip())
    try:
        Outbound(given)
    except ValueError as error:
        raise ValueError(
            "hosts such as example.com, *.example.com or example.com:8080, separated by commas"
        ) from error
    return given


def mail_server_url(value: str) -> str:
    """Read the address of a mail server."""
    mail_server(value)
    return value


def mailbox(value: str) -> str:
    """Read whom mails come from."""
    mail_sender(value)
    return value


def choice(kind: type[StrEnum]) -> Callable[[str], StrEnum]:
    """Read one of a few words."""

    def reads(value: str) -> StrEnum:
        try:
            return kind(value)
        except ValueError as error:
            raise ValueError(f"one of {', '.join(kind)}") from error

    return reads


def several(value: str) -> tuple[str, ...]:
    """Read texts separated by commas, at least one."""
    given = tuple(part.strip() for part in value.split(",") if part.strip())
    if not given:
        raise ValueError("at least one text; several are separated by commas")
    return given


def key(value: str) -> str:
    """Read a key that is long enough."""
    if len(value.encode()) < _LEAST_KEY_BYTES:
        raise ValueError(f"at least {_LEAST_KEY_BYTES} bytes of secret text")
    return value


def keys(value: str) -> tuple[str, ...]:
    """Read keys that are long enough."""
    given = tuple(part.strip() for part in value.split(",") if part.strip())
    if not given or any(len(one.encode()) < _LEAST_KEY_BYTES for one in given):
        raise ValueError(
            f"keys of at least {_LEAST_KEY_BYTES} bytes of secret text, separated by commas"
        )
    return given


def secrets(value: str) -> Mapping[str, Mapping[str, str]]:
    """Read secrets by operator and name."""
    wanted = 'JSON such as {"mobilink": {"password": "…"}}'
    try:
        given = json.loads(value)
    except ValueError as error:
        raise ValueError(wanted) from error
    if not isinstance(given, dict) or not all(isinstance(one, dict) for one in given.values()):
        raise ValueError(wanted)
    if not all(isinstance(text, str) for one in given.values() for text in one.values()):
        raise ValueError(wanted)
    return MappingProxyType({code: MappingProxyType(one) for code, one in given.items()})


def partners(value: str) -> Mapping[str, str]:
    """Read the keys that partners sign with."""
    wanted = f'JSON such as {{"tracker": "a key of {_LEAST_KEY_BYTES} characters or more"}}'
    try:
        given = json.loads(value)
    except ValueError as error:
        raise ValueError(wanted) from error
    sound = isinstance(given, dict) and all(
        isinstance(one, str) and one.isascii() and len(one) >= _LEAST_KEY_BYTES
        for one in given.values()
    )
    if not sound:
        raise ValueError(wanted)
    return MappingProxyType(given)
