"""Identifiers shaped like YooKassa's.

An id carries the row number of its object, so that a look-up needs no index of its own:
`23d93cac-000f-5a1c-8e07-126628f15141` is seconds since 2000, the kind of object, a salt of the
sandbox's own, and the number, scrambled by multiplication modulo 2^48.
"""

import secrets
from typing import Final, Literal

Kind = Literal["payment", "refund", "receipt", "method", "webhook", "invoice", "payout"]

_GROUPS: Final[dict[Kind, str]] = {
    "payment": "000f",
    "refund": "0015",
    "receipt": "0011",
    "method": "001d",
    "webhook": "000d",
    "invoice": "0019",
    "payout": "0003",
}
_PREFIXES: Final[dict[Kind, str]] = {
    "receipt": "rt-",
    "webhook": "wh-",
    "invoice": "in-",
    "payout": "po-",
}
_YEAR_2000_MS: Final = 946_684_800_000
_MODULUS: Final = 1 << 48
_FACTOR: Final = 0x5DEE_CE66_D1F3
_INVERSE: Final = pow(_FACTOR, -1, _MODULUS)


def new_salt() -> str:
    """Draw the salt that keeps the ids of two sandboxes apart."""
    return secrets.token_hex(3)


def make_id(kind: Kind, number: int, salt: str, created_ms: int) -> str:
    """Return the id of object `number`; payments, refunds and methods have 36 characters."""
    seconds = (created_ms - _YEAR_2000_MS) // 1000 & 0xFFFF_FFFF
    scrambled = number * _FACTOR % _MODULUS
    group = _GROUPS[kind]
    return (
        f"{_PREFIXES.get(kind, '')}{seconds:08x}-{group}-5{salt[:3]}-8{salt[3:6]}-{scrambled:012x}"
    )


def number_in(identifier: str) -> int | None:
    """Return the object number an id claims, or None when it is no id of ours."""
    tail = identifier[-12:]
    if len(tail) != 12:
        return None
    try:
        return int(tail, 16) * _INVERSE % _MODULUS
    except ValueError:
        return None
