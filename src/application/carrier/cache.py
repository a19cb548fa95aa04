"""The cache of fresh subscriptions: which of ours a number has.

It names candidates; the rows of the database decide. So an empty cache, a stale entry or an
absent Redis changes how fast an answer is, never what it is.
"""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from domain.shared.msisdn import Msisdn


class FreshSubscriptions(Protocol):
    """By operator and number, the ids of its live subscriptions; everything in it may be lost."""

    async def of_number(self, operator: str, msisdn: Msisdn) -> Sequence[UUID]:
        """Return all live subscriptions of a number, or nothing where it is not known."""
        ...

    def forget(self, operator: str, numbers: Collection[Msisdn]) -> None:
        """Drop numbers whose subscriptions changed; does not wait and never raises."""
        ...
