"""What a person is told of a payout."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.shared.errors import InvalidValue
from domain.shared.money import Money

PAYOUT = "payout"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutNotice:
    """The sum and the day of a payout, what was carried to it, and what the days since brought.

    Refuses with `InvalidValue` a payout of nothing, which nobody is told of, and amounts of more
    than one currency.
    """

    payout_id: UUID
    person_id: UUID
    amount: Money
    run_date: date
    opening_carry: Money
    period_net: Money

    def __post_init__(self) -> None:
        if not self.amount.is_positive:
            raise InvalidValue("nobody is told of a payout of nothing")
        if len({self.amount.currency, self.opening_carry.currency, self.period_net.currency}) > 1:
            raise InvalidValue("a payout is told of in one currency")
