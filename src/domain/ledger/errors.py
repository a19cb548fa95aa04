"""What the ledger refuses, and why."""

from datetime import date
from uuid import UUID

from domain.shared.errors import DomainError
from domain.shared.money import Currency


class Unbalanced(DomainError):
    """The entries of a posting do not sum to zero in one of their currencies."""

    code = "unbalanced"

    def __init__(self, key: str, currency: Currency, difference_minor: int) -> None:
        super().__init__(
            f"posting {key}: debits exceed credits by {difference_minor} in {currency}"
        )
        self.key, self.currency, self.difference_minor = key, currency, difference_minor


class KeyConflict(DomainError):
    """The key belongs to an operation with another kind or other entries; nothing was posted."""

    code = "posting_key_conflict"

    def __init__(self, key: str) -> None:
        super().__init__(f"another operation was already posted under the key {key}")
        self.key = key


class FloorBreached(DomainError):
    """A limited account would fall below its floor; nothing was posted."""

    code = "insufficient_balance"

    def __init__(self, account_id: UUID | None) -> None:
        super().__init__(f"account {account_id} would fall below its floor")
        self.account_id = account_id


class NotReversible(DomainError):
    """A reversal is never reversed: the fact is posted anew, under a key of its own."""

    code = "not_reversible"

    def __init__(self, operation_id: UUID) -> None:
        super().__init__(f"operation {operation_id} is a reversal itself")
        self.operation_id = operation_id


class DayAlreadyClosed(DomainError):
    """A day is closed once, and days are closed in their order."""

    code = "day_already_closed"

    def __init__(self, day: date, closed_through: date) -> None:
        super().__init__(f"cannot close through {day}: days are closed through {closed_through}")
        self.day, self.closed_through = day, closed_through


class ZoneFixed(DomainError):
    """The ledger's time zone cannot change once anything was posted: days would move."""

    code = "ledger_zone_fixed"

    def __init__(self, zone: str) -> None:
        super().__init__(f"the ledger already counts its days in {zone}")
        self.zone = zone
