"""Amounts: whole numbers of Stripe's units, within what Stripe takes."""

import re
from typing import Final

from entrypoints.sandbox.stripe.errors import invalid

# Stripe's own list, and rouble and dinars for those who test with them.
_ZERO: Final = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
_THREE: Final = frozenset("bhd jod kwd omr tnd".split())
_WHOLE_HUNDREDS: Final = frozenset({"isk", "ugx"})
_CURRENCY: Final = re.compile(r"[a-z]{3}")
_LARGEST: Final = 99_999_999
# About half a dollar; Stripe has a table, which changes.
_LEAST: Final = {"usd": 50, "eur": 50, "jpy": 50, "rub": 3_000}
_LARGEST_OF_ALL: Final = 10**12


def check(amount: int, currency: str, *, limited: bool) -> None:
    """Refuse an amount that Stripe would refuse; without limits only what is no amount at all."""
    if not _CURRENCY.fullmatch(currency):
        raise invalid(f"Invalid currency: {currency}", "currency")
    if amount < 1 or amount > _LARGEST_OF_ALL:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if not limited:
        return
    if amount > _LARGEST:
        raise invalid("Amount must be no more than 999,999.99", "amount", "amount_too_large")
    if amount < _LEAST.get(currency, 1):
        raise invalid("Amount must convert to at least 50 cents.", "amount", "amount_too_small")
    if currency in _THREE and amount % 10:
        raise invalid("The last digit of a three-decimal amount must be 0", "amount")
    if currency in _WHOLE_HUNDREDS and amount % 100:
        raise invalid("The amount must be evenly divisible by 100", "amount")


def text(amount: int, currency: str) -> str:
    """Write an amount for people."""
    decimals = 0 if currency in _ZERO else 3 if currency in _THREE else 2
    whole, part = divmod(amount, 10**decimals)
    return f"{whole}.{part:0{decimals}d}" if decimals else str(whole)
