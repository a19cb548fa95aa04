"""What a person is paid for a day, and what is carried to the next.

A day that is closed never changes, and each of its movements is settled once. What is due is what
was carried so far and what the days since brought. A debt is carried until it is worked off.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID, uuid5

from domain.shared.errors import DomainError

_NAMESPACE = UUID("6b617a6e-6100-5000-8000-7061796f7574")


class PayoutState(StrEnum):
    """Where the money of a payout is: on its way, there, or back again."""

    PENDING = "pending"
    SETTLED = "settled"
    RETURNED = "returned"


class IllegalPayoutMove(DomainError):
    """A payout that is settled cannot be returned, and the other way round."""

    code = "illegal_payout_move"


@dataclass(frozen=True, slots=True)
class Rules:
    """The least that is paid out at once, in minor units; less is carried."""

    least_minor: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How a day was settled: opening + net = payout + closing."""

    opening_minor: int
    net_minor: int
    payout_minor: int
    closing_minor: int


def settle(carry_minor: int, net_minor: int, rules: Rules, *, on_hold: bool = False) -> Settled:
    """Pay what is due, unless it is a debt, too little, or held; the rest is carried."""
    due = carry_minor + net_minor
    pays = not on_hold and due >= max(1, rules.least_minor)
    payout = due if pays else 0
    return Settled(
        opening_minor=carry_minor,
        net_minor=net_minor,
        payout_minor=payout,
        closing_minor=due - payout,
    )


def payout_id(person_id: UUID, currency_code: str, day: date) -> UUID:
    """Name the payout of a person's day; the same however often the day is settled."""
    return uuid5(_NAMESPACE, f"{person_id}|{currency_code}|{day.isoformat()}")


def moved(state: PayoutState, to: PayoutState) -> PayoutState | None:
    """Return the new state, None where it is that already; raise IllegalPayoutMove."""
    if state is to:
        return None
    if state is not PayoutState.PENDING:
        raise IllegalPayoutMove(f"a payout that is {state.value} cannot become {to.value}")
    return to
