"""Money: whole minor units of one ISO 4217 currency; no floats, no defaults, no rounding."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from domain.shared.errors import DomainError, InvalidValue

# Minor units per ISO 4217 (table A.1); what is not named here has two decimals.
_ZERO_DECIMALS = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
)
_THREE_DECIMALS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
# Four decimals (units of account), or none at all (metals, funds, tests): nothing is paid in them.
_NOT_FOR_PAYING = frozenset("CLF UYW XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX".split())
_CODE = re.compile(r"[A-Z]{3}")
# A plain decimal: no exponent, no sign of infinity, no digits outside ASCII.
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,3})?")


class CurrencyMismatch(DomainError):
    """Two amounts of different currencies met in one sum or comparison."""

    code = "currency_mismatch"

    def __init__(self, left: "Currency", right: "Currency") -> None:
        super().__init__(f"{left.code} and {right.code} cannot be combined")
        self.left, self.right = left, right


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 currency; knows how many decimals its major unit has (0, 2 or 3)."""

    code: str

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise InvalidValue(f"{self.code!r} is not a currency code of three capital letters")
        if self.code in _NOT_FOR_PAYING:
            raise InvalidValue(f"{self.code} has no minor unit that money could be counted in")

    @property
    def decimals(self) -> int:
        """Return the number of digits after the decimal point."""
        if self.code in _ZERO_DECIMALS:
            return 0
        return 3 if self.code in _THREE_DECIMALS else 2

    def __str__(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units (kopecks, cents, yen); may be negative, never fractional."""

    amount_minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise InvalidValue(f"{self.amount_minor!r} is not a whole number of minor units")

    @classmethod
    def of(cls, amount_minor: int, currency_code: str) -> "Money":
        """Build money from minor units and a currency code."""
        return cls(amount_minor, Currency(currency_code))

    @classmethod
    def from_decimal(cls, text: str, currency: Currency) -> "Money":
        """Read a plain decimal such as `11.77`; refuse exponents and fractions of a minor unit."""
        if not _DECIMAL.fullmatch(text):
            raise InvalidValue(f"{text!r} is not a plain decimal amount")
        try:
            scaled = Decimal(text).scaleb(currency.decimals)
        except InvalidOperation as error:
            raise InvalidValue(f"{text!r} is not an amount") from error
        if scaled != scaled.to_integral_value():
            raise InvalidValue(f"{text!r} has more decimals than {currency} ({currency.decimals})")
        return cls(int(scaled), currency)

    @classmethod
    def zero(cls, currency: Currency) -> "Money":
        """Return nothing, in a currency."""
        return cls(0, currency)

    @property
    def is_zero(self) -> bool:
        """Tell whether there is nothing to pay."""
        return self.amount_minor == 0

    @property
    def is_positive(self) -> bool:
        """Tell whether there is something to pay."""
        return self.amount_minor > 0

    def decimal_text(self) -> str:
        """Write the amount in major units with exactly the currency's decimals: `11.70`."""
        decimals = self.currency.decimals
        if not decimals:
            return str(self.amount_minor)
        sign = "-" if self.amount_minor < 0 else ""
        whole, part = divmod(abs(self.amount_minor), 10**decimals)
        return f"{sign}{whole}.{part:0{decimals}d}"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount_minor + self._same_currency(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount_minor - self._same_currency(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount_minor < self._same_currency(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount_minor <= self._same_currency(other)

    def __gt__(self, other: "Money") -> bool:
        return self.amount_minor > self._same_currency(other)

    def __ge__(self, other: "Money") -> bool:
        return self.amount_minor >= self._same_currency(other)

    def __str__(self) -> str:
        return f"{self.decimal_text()} {self.currency}"

    def allocate(self, weights: Sequence[int]) -> list["Money"]:
        """Split by whole weights so that the parts sum to the whole.

        The minor units that do not divide go to the largest remainders, the earlier part first
        among equals, so the same split is made every time.
        """
        total = sum(weights)
        if total <= 0 or any(weight < 0 for weight in weights):
            raise InvalidValue("weights must be whole, not negative, and not all zero")
        sign = -1 if self.amount_minor < 0 else 1
        shares = [divmod(abs(self.amount_minor) * weight, total) for weight in weights]
        left = abs(self.amount_minor) - sum(share for share, _ in shares)
        by_remainder = sorted(range(len(weights)), key=lambda i: (-shares[i][1], i))
        extra = set(by_remainder[:left])
        return [
            Money(sign * (share + (index in extra)), self.currency)
            for index, (share, _) in enumerate(shares)
        ]

    def _same_currency(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.amount_minor


def total(amounts: Iterable[Money], currency: Currency) -> Money:
    """Sum amounts of one currency; nothing sums to zero of it."""
    return sum(amounts, start=Money.zero(currency))
