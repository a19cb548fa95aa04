"""Amounts as Stripe counts them: whole numbers whose unit is not always the currency's own.

Stripe's list of currencies differs from ISO 4217 in three: the ariary has no fractions there, and
the krona and the Ugandan shilling, which have none any more, are still written with two decimals
("to charge 5 ISK, provide an amount value of 500").
"""

from domain.shared.errors import InvalidValue
from domain.shared.money import Currency, Money

_DECIMALS = {"MGA": 0, "ISK": 2, "UGX": 2}


def to_amount(money: Money) -> int:
    """Write an amount; raise InvalidValue for one that Stripe's unit cannot express."""
    units, minor = _ratio(money.currency)
    amount, rest = divmod(money.amount_minor * units, minor)
    if rest:
        raise InvalidValue(f"{money} has a fraction that Stripe does not count in")
    return amount


def to_money(amount: int, code: str) -> Money:
    """Read an amount exactly; a fraction of a minor unit is refused, never rounded."""
    currency = Currency(code.upper())
    units, minor = _ratio(currency)
    amount_minor, rest = divmod(amount * minor, units)
    if rest:
        raise InvalidValue(f"{amount} of Stripe's units is no whole number of {code} minor units")
    return Money(amount_minor, currency)


def _ratio(currency: Currency) -> tuple[int, int]:
    """Tell how many of Stripe's units, and how many minor units, make a major one."""
    decimals = _DECIMALS.get(currency.code, currency.decimals)
    return int(10**decimals), int(10**currency.decimals)
