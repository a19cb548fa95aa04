"""May this number be charged? Asked before every charge, whatever it is for.

The order is fixed: a number on the blacklist is never looked at further, then those that pay
later, and only an order can be rejected, because only an order could be a second one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class NumberList(StrEnum):
    """The lists of numbers that must not be charged."""

    BLACKLISTED = "blacklisted"
    POSTPAID = "postpaid"


REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a number when it orders a service.

    `paid_at` is when the service was last charged from this number by a subscription that the
    subscriber did not end.
    """

    lists: frozenset[NumberList]
    has_live: bool
    paid_at: datetime | None


def listed(lists: frozenset[NumberList]) -> NumberList | None:
    """Return the list that forbids any charge; the blacklist goes first."""
    for one in (NumberList.BLACKLISTED, NumberList.POSTPAID):
        if one in lists:
            return one
    return None


def refusal(standing: Standing, *, paid_hours: int, now: datetime) -> str | None:
    """Return why an order is refused, or None when it is welcome.

    A live subscription of the number for the service always rejects; so does one paid within
    `paid_hours`, where that is not zero. Whoever said stop is welcome again at once.
    """
    forbidden = listed(standing.lists)
    if forbidden is not None:
        return forbidden.value
    if standing.has_live:
        return REJECTED
    if standing.paid_at is not None and now - standing.paid_at < timedelta(hours=paid_hours):
        return REJECTED
    return None
