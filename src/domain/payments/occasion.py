"""What charges are made for."""

from enum import StrEnum


class Occasion(StrEnum):
    """What a charge is made for: two ways of a card, and those of a number.

    `MO` is the first charge of an order, `REPORTED` one the operator made by its own timetable;
    `INJECTION` and `EXPIRED` are batches a person ordered, which move no subscription.
    """

    CHECKOUT = "checkout"
    SAVED = "saved"
    MO = "mo"
    PERIODIC = "periodic"
    RETRY = "retry"
    INJECTION = "injection"
    EXPIRED = "expired"
    REPORTED = "reported"


OF_CARDS = frozenset({Occasion.CHECKOUT, Occasion.SAVED})
