"""What is left of a paid period, in money, and what that buys elsewhere: exact to the minor unit.

Time is counted in whole seconds and money rounded half up, so the same change costs the same every
time; what was used and what is left always add up to what was paid.
"""

from dataclasses import dataclass
from datetime import timedelta

from domain.shared.errors import DomainError
from domain.shared.money import Money

_SECOND = timedelta(seconds=1)
# Time that credit is turned into; more than this is a slip of somebody's pen.
LONGEST_EXTENSION = timedelta(days=3660)


class CreditTooLarge(DomainError):
    """What is left is worth more than can be turned into time of the new plan."""

    code = "credit_too_large"


@dataclass(frozen=True, slots=True)
class Prorated:
    """The first period of the new plan: `due` is asked for, `extra` is how much longer it lasts.

    `due + credit` is what the period is worth; only one of `due` and `extra` is ever more than
    nothing.
    """

    credit: Money
    due: Money
    extra: timedelta

    @property
    def worth(self) -> Money:
        """What the whole period was paid with, credit and new money together."""
        return self.due + self.credit


def half_up(amount: int, share: int, whole: int) -> int:
    """Return `amount * share / whole`, rounded half up; nothing in it is negative."""
    return (2 * amount * share + whole) // (2 * whole)


def unused(worth: Money, left: timedelta, whole: timedelta) -> Money:
    """Return the part of what a period is worth that is not used yet."""
    seconds, of = min(left, whole) // _SECOND, max(whole // _SECOND, 1)
    return Money(half_up(worth.amount_minor, max(seconds, 0), of), worth.currency)


def prorate(credit: Money, price: Money, interval: timedelta) -> Prorated:
    """Pay a price with a credit: the rest is due, or the rest of the credit is time.

    An invoice is never negative: what is left of the credit extends the period at the new plan's
    price. Refuses with `CreditTooLarge` where that cannot be said in time: the new plan costs
    nothing, or the period would last ten years longer.
    """
    if credit <= price:
        return Prorated(credit, price - credit, timedelta())
    over = (credit - price).amount_minor
    if price.is_zero:
        raise CreditTooLarge(
            f"{credit} is left, and a plan that costs nothing cannot make time of it; "
            "change it at the end of the period"
        )
    seconds = half_up(over, interval // _SECOND, price.amount_minor)
    if seconds > LONGEST_EXTENSION // _SECOND:
        raise CreditTooLarge(f"{credit} would last for years at {price}; refund a part of it")
    return Prorated(credit, Money.zero(price.currency), timedelta(seconds=seconds))
