"""What a subscription will be once its plan is changed, agreed on before it takes effect."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.shared.calendar import Interval
from domain.shared.ids import InvoiceId, PlanId, PriceId
from domain.shared.money import Money


@dataclass(frozen=True, slots=True)
class AtOnce:
    """The change counts from `since`: what was left of the old plan then is `credit`.

    It takes effect with the payment of its own invoice, and never without it.
    """

    since: datetime
    credit: Money
    invoice_id: InvoiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """Another plan, or another price of the same one; by default from the next period on.

    Everything is copied when it is agreed on, as in a new subscription: what becomes of the price
    list afterwards changes nothing.
    """

    plan_id: PlanId
    price_id: PriceId
    money: Money
    interval: Interval
    retry_days: tuple[int, ...]
    grace_seconds: int
    is_recurring: bool
    at_once: AtOnce | None = None

    @property
    def grace(self) -> timedelta:
        """How long access outlives a paid period of it."""
        return timedelta(seconds=self.grace_seconds)
