"""Test cards: a number decides what happens at the link and at every later charge of its token.

The first table is CloudPayments' own list for test terminals. The second is ours: cards that pay
at the link, and whose token does something else.
"""

from dataclasses import dataclass
from typing import Final

from entrypoints.sandbox.yookassa.cards import has_right_check_digit

APPROVED: Final = 0
INSUFFICIENT_FUNDS: Final = 5051
INVALID_NUMBER: Final = 5014


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card of the sandbox: reason codes of the link and of its token's charges, 0 pays.

    The last of `charges` repeats for ever.
    """

    number: str
    checkout: int = APPROVED
    charges: tuple[int, ...] = (APPROVED,)
    asks_for_payer: bool = False

    def charge(self, charges_before: int) -> int:
        return self.charges[min(charges_before, len(self.charges) - 1)]


DEFAULT_CARD: Final = "4242424242424242"
NEEDS_ITS_PAYER: Final = "2200111100000024"

_CARDS: Final = (
    Card(number=DEFAULT_CARD),
    Card(number="5555555555554444"),
    Card(number="4012888888881881", checkout=INSUFFICIENT_FUNDS),
    Card(number="5105105105105100", checkout=INSUFFICIENT_FUNDS),
    Card(number="4111111111111111", charges=(INSUFFICIENT_FUNDS,)),
    Card(number="5200828282828210", charges=(INSUFFICIENT_FUNDS,)),
    Card(number="4000056655665556", checkout=INSUFFICIENT_FUNDS),
    Card(number="5404000000000043", checkout=INSUFFICIENT_FUNDS),
    Card(number="2200111100000016", charges=(5054,)),
    Card(number="2200111100000032", charges=(APPROVED, INSUFFICIENT_FUNDS)),
    Card(number="2200111100000040", charges=(INSUFFICIENT_FUNDS, APPROVED)),
    Card(number=NEEDS_ITS_PAYER, asks_for_payer=True),
)
CARDS: Final = {card.number: card for card in _CARDS}

NAMES: Final = {
    0: "Approved",
    3001: "InvalidInvoiceId",
    3002: "InvalidAccountId",
    3003: "InvalidAmount",
    3004: "OutOfDate",
    3005: "FormatError",
    3006: "Unavailable",
    3007: "UnableToConnect",
    3008: "NotAccepted",
    5001: "ReferToCardIssuer",
    5005: "DoNotHonor",
    5014: "InvalidCardNumber",
    5034: "SuspectedFraud",
    5041: "LostCard",
    5051: "InsufficientFunds",
    5054: "ExpiredCard",
    5065: "ExceedWithdrawalFrequency",
    5091: "Timeout",
    5096: "SystemError",
    5206: "AuthenticationFailed",
}


def find_card(number: str) -> Card:
    """Return the card of this number; outside the tables it pays if its check digit is right."""
    digits = number.replace(" ", "")
    if digits in CARDS:
        return CARDS[digits]
    return Card(
        number=digits, checkout=APPROVED if has_right_check_digit(digits) else INVALID_NUMBER
    )


def network_of(number: str) -> tuple[str, int]:
    """Name the card's network, and its code, the way CloudPayments does."""
    match number[:1]:
        case "5":
            return "MasterCard", 1
        case "2":
            return "MIR", 3
        case _:
            return "Visa", 0
