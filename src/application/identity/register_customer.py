"""Register a payer under the name the company's own backend has for them."""

from dataclasses import dataclass
from typing import Protocol

from application.ports import Clock, Entropy, UnitOfWork
from domain.identity.customer import Customer
from domain.shared.ids import CustomerId


class CustomerRegistry(Protocol):
    """Customers; external ids are unique."""

    async def register(self, customer: Customer) -> Customer:
        """Insert, or return the one with the same external id as it stands."""
        ...


class IdentityUnitOfWork(UnitOfWork, Protocol):
    """A transaction of the identity context."""

    @property
    def registry(self) -> CustomerRegistry:
        """Customers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterCustomerCommand:
    """Who they are."""

    external_id: str
    email: str | None = None
    time_zone: str = "UTC"
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class RegisterCustomer:
    """Register inside the caller's transaction; a known external id gives the known customer."""

    clock: Clock
    entropy: Entropy

    async def within(self, uow: IdentityUnitOfWork, command: RegisterCustomerCommand) -> Customer:
        """Register; never commits."""
        return await uow.registry.register(
            Customer(
                id=CustomerId(self.entropy.new_id()),
                external_id=command.external_id,
                email=command.email,
                time_zone=command.time_zone,
                locale=command.locale,
                created_at=self.clock.now(),
            )
        )
