"""The periods a subscription was granted, and how they are shortened from their end.

Pauses move the end of a subscription and not its granted periods, so what is left is counted as a
length from the last period backwards, and never read off a calendar.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from domain.shared.calendar import Period
from domain.shared.errors import DomainError
from domain.shared.ids import InvoiceId
from domain.shared.money import Money
from domain.subscriptions.proration import unused


class PaidAhead(DomainError):
    """A whole paid period would go; it is refunded or used up, never cut away."""

    code = "paid_ahead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """One granted period; `worth` is what was paid for it and has not gone back."""

    period: Period
    kind: str
    invoice_id: InvoiceId | None
    worth: Money

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.period.end - self.period.start


@dataclass(frozen=True, slots=True)
class Cut:
    """What shortening does: periods that go, one that ends earlier, and what that was worth."""

    removed: tuple[Granted, ...]
    trimmed: Granted | None
    credit: Money
    takes_paid_time: bool = False


def cut_off(granted: Sequence[Granted], by: timedelta, nothing: Money) -> Cut:
    """Take a length off the end of granted periods, given in the order they were granted.

    Free periods may go as a whole. Refuses with `PaidAhead` to remove one with an invoice: no
    period ever has a second one, so it could not be paid for again.
    """
    left = by
    removed: list[Granted] = []
    for last in reversed(granted):
        if left <= timedelta():
            break
        if left < last.length:
            credit = unused(last.worth, left, last.length)
            shorter = Period(last.period.start, last.period.end - left)
            kept = replace(last, period=shorter, worth=last.worth - credit)
            return Cut(tuple(removed), kept, credit, takes_paid_time=last.worth.is_positive)
        if last.invoice_id is not None:
            raise PaidAhead(
                f"the period from {last.period.start:%Y-%m-%d} is paid and would go as a whole; "
                "refund it instead"
            )
        removed.append(last)
        left -= last.length
    return Cut(tuple(removed), None, nothing)
