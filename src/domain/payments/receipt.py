"""Fiscal receipts (54-FZ): whom they go to, and lines that sum to exactly what is paid.

A receipt is drawn up once, before the first call, and kept with the payment or the refund: the
same request has to go out again under the same key, whatever was changed since.
"""

from dataclasses import dataclass, replace

from domain.shared.errors import InvalidValue
from domain.shared.money import Money

LONGEST_DESCRIPTION = 128
MOST_LINES = 80
# Codes of VAT rates that tills know, in the numbering of the payment providers.
VAT_CODES = range(1, 13)
SUBJECTS = frozenset(
    "commodity excise job service gambling_bet gambling_prize lottery lottery_prize "
    "intellectual_activity payment agent_commission property_right non_operating_gain "
    "insurance_premium sales_tax resort_fee composite another".split()
)
MODES = frozenset(
    "full_prepayment partial_prepayment advance full_payment partial_payment credit "
    "credit_payment".split()
)


class ReceiptDiffers(InvalidValue):
    """The lines of a receipt do not sum to what is paid."""

    code = "receipt_differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptTerms:
    """How what we sell is taxed: the code of the VAT rate, what it is, how it is paid for."""

    vat_code: int
    subject: str = "service"
    mode: str = "full_payment"

    def __post_init__(self) -> None:
        if self.vat_code not in VAT_CODES:
            raise InvalidValue(f"a VAT code is a number from 1 to {VAT_CODES[-1]}")
        if self.subject not in SUBJECTS:
            raise InvalidValue(f"{self.subject!r} is no payment subject of 54-FZ")
        if self.mode not in MODES:
            raise InvalidValue(f"{self.mode!r} is no payment mode of 54-FZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    """So many pieces of something at a price each."""

    description: str
    quantity: int
    price: Money
    terms: ReceiptTerms

    def __post_init__(self) -> None:
        if not self.description.strip() or len(self.description) > LONGEST_DESCRIPTION:
            raise InvalidValue(
                f"a line of a receipt is described in 1 to {LONGEST_DESCRIPTION} characters"
            )
        if self.quantity < 1 or self.price.amount_minor < 0:
            raise InvalidValue("a line of a receipt has one piece or more, at no negative price")

    @property
    def total(self) -> Money:
        """What the line comes to."""
        return Money(self.price.amount_minor * self.quantity, self.price.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What somebody pays for, and the address it is sent to."""

    email: str
    lines: tuple[ReceiptLine, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.lines) <= MOST_LINES:
            raise InvalidValue(f"a receipt has 1 to {MOST_LINES} lines")

    @property
    def total(self) -> Money:
        """What the lines sum to; raises CurrencyMismatch for lines of several currencies."""
        first, *others = (line.total for line in self.lines)
        return sum(others, start=first)

    def held_against(self, money: Money) -> "Receipt":
        """Return it if its lines sum to what is paid; raise ReceiptDiffers."""
        if self.total != money:
            raise ReceiptDiffers(f"the receipt comes to {self.total}, and {money} is paid")
        return self


def of_one(email: str, description: str, money: Money, terms: ReceiptTerms) -> Receipt:
    """Draw up a receipt of one piece of one thing."""
    told = description.strip()[:LONGEST_DESCRIPTION] or "-"
    line = ReceiptLine(description=told, quantity=1, price=money, terms=terms)
    return Receipt(email=email, lines=(line,)).held_against(money)


def returned(receipt: Receipt, money: Money) -> Receipt:
    """Draw up the receipt of a refund: all its lines as they were, or a share of each."""
    if money == receipt.total:
        return receipt
    shares = money.allocate([line.total.amount_minor for line in receipt.lines])
    lines = tuple(
        replace(line, quantity=1, price=share)
        for line, share in zip(receipt.lines, shares, strict=True)
        if share.is_positive
    )
    return Receipt(email=receipt.email, lines=lines).held_against(money)
