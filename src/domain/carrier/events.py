"""What happened to numbers, as the outside world reads it."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from domain.shared.ids import CustomerId, SubscriptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTaken:
    """A number ordered a service; `refused` says why it was not accepted, where it was not."""

    name: ClassVar[str] = "carrier.order_taken"
    version: ClassVar[int] = 1
    subscription_id: SubscriptionId
    operator: str
    service_code: str
    campaign_code: str | None
    refused: str | None

    @property
    def aggregate_id(self) -> UUID:
        """The subscription."""
        return self.subscription_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberListed:
    """A number went on a list, found out by the operator or put there by a person."""

    name: ClassVar[str] = "carrier.number_listed"
    version: ClassVar[int] = 1
    customer_id: CustomerId
    list: str
    reason: str

    @property
    def aggregate_id(self) -> UUID:
        """The payer behind the number."""
        return self.customer_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberMoved:
    """A payer has another number now."""

    name: ClassVar[str] = "carrier.number_moved"
    version: ClassVar[int] = 1
    customer_id: CustomerId
    operator: str

    @property
    def aggregate_id(self) -> UUID:
        """The payer behind the number."""
        return self.customer_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Outflow:
    """A live subscription of a number ended, and why."""

    name: ClassVar[str] = "carrier.outflow"
    version: ClassVar[int] = 1
    subscription_id: SubscriptionId
    operator: str
    service_code: str
    reason: str

    @property
    def aggregate_id(self) -> UUID:
        """The subscription."""
        return self.subscription_id
