"""Test cards: a number decides what happens at the page and at every later charge.

The first table is YooKassa's own list for test shops. The second is ours: cards that can be saved,
because they pay at the page, and that then do something else when charged without the payer.
"""

from dataclasses import dataclass
from typing import Final

NETWORK: Final = "payment_network"
YOO_MONEY: Final = "yoo_money"


@dataclass(frozen=True, slots=True)
class Pays:
    """The money is taken."""


@dataclass(frozen=True, slots=True)
class Declines:
    """The payment is canceled for this reason, decided by this party."""

    reason: str
    party: str = NETWORK


@dataclass(frozen=True, slots=True)
class StaysPending:
    """Nobody decides: the payment waits for a control call or for the configured seconds."""


Outcome = Pays | Declines | StaysPending


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card of the sandbox.

    `charges` are the outcomes of the first, second, ... charge of the saved card; the last one
    repeats for ever.
    """

    number: str
    checkout: Outcome
    charges: tuple[Outcome, ...]
    three_d_secure: bool = False

    def charge(self, charges_before: int) -> Outcome:
        return self.charges[min(charges_before, len(self.charges) - 1)]


# Reasons YooKassa itself decides; every other is the payment network's.
_OWN_REASONS: Final = frozenset(
    {"country_forbidden", "permission_revoked", "internal_timeout", "rejected_by_timeout"}
)

_SUCCESS: Final = {
    "5555555555554477": True,
    "5555555555554444": False,
    "4793128161644804": True,
    "4111111111111111": False,
    "2200000000000004": True,
    "2202474301322987": False,
    "6759649826438453": False,
    "4175001000000017": False,
    "370000000000002": False,
    "3528000700000000": False,
    "36700102000000": False,
}

_DECLINED_AT_CHECKOUT: Final = {
    "3d_secure_failed": ("5555555555554592", "4839665499603842", "2200000000000012"),
    "call_issuer": ("5555555555554535", "4926946416239025", "2200000000000020"),
    "card_expired": ("5555555555554543", "4141435412630840", "2200000000000038"),
    "fraud_suspected": ("5555555555554568", "4483274282299972", "2200000000000046"),
    "general_decline": ("5555555555554527", "4889971706588753", "2202202212312379"),
    "insufficient_funds": ("5555555555554600", "4562265587712390", "2200000000000053"),
    "invalid_card_number": ("5555555555554618", "4951017853630544", "2201382000000013"),
    "invalid_csc": ("5555555555554626", "4194180666146368", "2200770212727079"),
    "issuer_unavailable": ("5555555555554501", "4654130848359150", "2201382000000021"),
    "payment_method_limit_exceeded": ("5555555555554576", "4565231022577548", "2201382000000039"),
    "payment_method_restricted": ("5555555555554550", "4233961169071671", "2201382000000047"),
}

_DECLINED_BY_YOO_MONEY: Final = {
    "country_forbidden": ("5555555555554584", "4969751510013864", "2201382000000054"),
    "fraud_suspected": ("5555555555554634", "4119098878796485", "2201696981989955"),
}

# Pays at the page, then declines every charge of the saved card.
SAVED_THEN: Final = {
    "insufficient_funds": "2200111100000008",
    "card_expired": "2200111100000016",
    "3d_secure_failed": "2200111100000024",
    "permission_revoked": "2200111100000032",
    "issuer_unavailable": "2200111100000040",
    "fraud_suspected": "2200111100000057",
    "call_issuer": "2200111100000065",
    "general_decline": "2200111100000073",
    "payment_method_limit_exceeded": "2200111100000081",
    "payment_method_restricted": "2200111100000099",
    "invalid_card_number": "2200111100000107",
    "invalid_csc": "2200111100000115",
    "country_forbidden": "2200111100000123",
    "internal_timeout": "2200111100000131",
    "identification_required": "2200111100000149",
    "rejected_by_timeout": "2200111100000156",
}
PAYS_TWICE_THEN_DECLINES: Final = "2200111100000164"
DECLINES_TWICE_THEN_PAYS: Final = "2200111100000172"
CHARGES_STAY_PENDING: Final = "2200111100000180"
CHECKOUT_STAYS_PENDING: Final = "2200111100000198"

DEFAULT_CARD: Final = "5555555555554477"
REASONS: Final = frozenset({*_DECLINED_AT_CHECKOUT, *_DECLINED_BY_YOO_MONEY, *SAVED_THEN})


def decline(reason: str) -> Declines:
    """Return the decline with the party that usually decides it."""
    return Declines(reason, YOO_MONEY if reason in _OWN_REASONS else NETWORK)


def _table() -> dict[str, Card]:
    broke = decline("insufficient_funds")
    cards = [
        Card(number=number, checkout=Pays(), charges=(Pays(),), three_d_secure=secured)
        for number, secured in _SUCCESS.items()
    ]
    cards += [
        Card(number=number, checkout=outcome, charges=(outcome,))
        for reasons, party in (
            (_DECLINED_AT_CHECKOUT, NETWORK),
            (_DECLINED_BY_YOO_MONEY, YOO_MONEY),
        )
        for reason, numbers in reasons.items()
        for number in numbers
        for outcome in (Declines(reason, party),)
    ]
    cards += [
        Card(number=number, checkout=Pays(), charges=(decline(reason),))
        for reason, number in SAVED_THEN.items()
    ]
    cards += [
        Card(number=PAYS_TWICE_THEN_DECLINES, checkout=Pays(), charges=(Pays(), broke)),
        Card(number=DECLINES_TWICE_THEN_PAYS, checkout=Pays(), charges=(broke, broke, Pays())),
        Card(number=CHARGES_STAY_PENDING, checkout=Pays(), charges=(StaysPending(),)),
        Card(number=CHECKOUT_STAYS_PENDING, checkout=StaysPending(), charges=(Pays(),)),
    ]
    return {card.number: card for card in cards}


CARDS: Final = _table()


def find_card(number: str) -> Card:
    """Return the card of this number.

    A number outside the tables pays when its check digit is right (ISO/IEC 7812, Luhn) and is
    declined as `invalid_card_number` when it is not.
    """
    digits = number.replace(" ", "")
    if digits in CARDS:
        return CARDS[digits]
    valid = has_right_check_digit(digits)
    outcome: Outcome = Pays() if valid else decline("invalid_card_number")
    return Card(number=digits, checkout=outcome, charges=(outcome,))


def has_right_check_digit(digits: str) -> bool:
    """Tell whether this is a card number whose last digit follows from the others (Luhn)."""
    if not (digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def network_of(number: str) -> str:
    """Name the card's network the way YooKassa spells it."""
    match number[:1], number[:2]:
        case "4", _:
            return "Visa"
        case "5", _:
            return "MasterCard"
        case "2", "22":
            return "Mir"
        case "3", "37" | "34":
            return "AmericanExpress"
        case "3", "35":
            return "JCB"
        case "3", "36" | "38":
            return "DinersClub"
        case "6", _:
            return "Maestro"
        case _:
            return "Unknown"
