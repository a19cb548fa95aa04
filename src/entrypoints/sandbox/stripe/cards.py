"""Stripe's test cards: a number decides what happens at the page and at every later charge."""

from dataclasses import dataclass
from typing import Final

from entrypoints.sandbox.yookassa.cards import has_right_check_digit


@dataclass(frozen=True, slots=True)
class Card:
    """A card: the decline code at the page and off-session, None where it pays."""

    number: str
    checkout: str | None = None
    charge: str | None = None

    @property
    def brand(self) -> str:
        """Name the network the way Stripe spells it."""
        return {"4": "visa", "5": "mastercard", "3": "amex", "6": "discover"}.get(
            self.number[:1], "unknown"
        )


DEFAULT_CARD: Final = "4242424242424242"

_PAYING: Final = (
    DEFAULT_CARD,
    "4000056655665556",
    "5555555555554444",
    "2223003122003222",
    "5200828282828210",
    "378282246310005",
    "6011111111111117",
    "4000002500003155",
)
_DECLINED: Final = {
    "4000000000000002": "generic_decline",
    "4000000000009995": "insufficient_funds",
    "4000000000009987": "lost_card",
    "4000000000009979": "stolen_card",
    "4000000000000069": "expired_card",
    "4000000000000127": "incorrect_cvc",
    "4000000000000119": "processing_error",
    "4242424242424241": "incorrect_number",
    "4000000000006975": "card_velocity_exceeded",
    "4100000000000019": "fraudulent",
}
# Pays at the page, then declines every charge without the payer.
_SAVED_THEN: Final = {
    "4000000000000341": "generic_decline",
    "4000002760003184": "authentication_required",
    "4000008260003178": "insufficient_funds",
}

CARDS: Final = {
    **{number: Card(number) for number in _PAYING},
    **{number: Card(number, code, code) for number, code in _DECLINED.items()},
    **{number: Card(number, None, code) for number, code in _SAVED_THEN.items()},
}


def find_card(number: str) -> Card:
    """Return the card of this number; an unknown one pays when its check digit is right."""
    digits = number.replace(" ", "")
    if digits in CARDS:
        return CARDS[digits]
    code = None if has_right_check_digit(digits) else "incorrect_number"
    return Card(digits, code, code)
