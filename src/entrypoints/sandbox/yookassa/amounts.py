"""Amounts on the wire: decimal strings whose number of decimals is the currency's own."""

import re
from typing import Final

from entrypoints.sandbox.yookassa.errors import invalid_request
from entrypoints.sandbox.yookassa.wire import Amount

# YooKassa's own currencies, and the extremes of ISO 4217 for those who test with 0 and 3 decimals.
DECIMALS: Final[dict[str, int]] = {
    **dict.fromkeys(
        ("RUB", "USD", "EUR", "BYN", "CNY", "KZT", "UAH", "UZS", "TRY", "INR", "MDL", "AZN", "AMD"),
        2,
    ),
    "JPY": 0,
    "KRW": 0,
    "KWD": 3,
    "BHD": 3,
}

_GRAMMAR: Final = {
    # The official SDK writes two decimals for every currency, so yen may come as "100.00".
    0: re.compile(r"([0-9]{1,13})(?:\.0{1,2})?"),
    2: re.compile(r"([0-9]{1,13})\.([0-9]{2})"),
    3: re.compile(r"([0-9]{1,12})\.([0-9]{3})"),
}


def to_minor(amount: Amount, *, parameter: str = "amount") -> int:
    """Return whole minor units of a positive amount.

    Floats never get here (JSON numbers are refused by type); signs, exponents, NaN, thousands
    separators, a wrong number of decimals and zero are refused as `invalid_request`.
    """
    decimals = DECIMALS.get(amount.currency)
    if decimals is None:
        raise invalid_request("Currency is not supported", f"{parameter}.currency")
    matched = _GRAMMAR[decimals].fullmatch(amount.value)
    if matched is None:
        raise invalid_request("Incorrect amount format", f"{parameter}.value")
    minor = int("".join(group for group in matched.groups() if group))
    if minor == 0:
        raise invalid_request("Amount must be greater than zero", f"{parameter}.value")
    return minor


def from_minor(minor: int, currency: str) -> Amount:
    """Write minor units as YooKassa would: `200` RUB is `2.00`."""
    decimals = DECIMALS[currency]
    if decimals == 0:
        return Amount(str(minor), currency)
    whole, fraction = divmod(minor, 10**decimals)
    return Amount(f"{whole}.{fraction:0{decimals}d}", currency)
