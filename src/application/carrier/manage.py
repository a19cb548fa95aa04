"""Managers set up operators, services and campaigns, and keep the lists of numbers."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol
from uuid import UUID

from application.carrier.ports import CarrierUnitOfWork
from application.errors import NotFound
from application.ports import Clock, Entropy, U_contra
from domain.carrier.checks import NumberList
from domain.carrier.operator import Operator
from domain.carrier.service import Campaign, Service
from domain.shared.facts import Cause
from domain.shared.msisdn import Msisdn


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierChanged:
    """Somebody changed an operator, a service, a campaign or a list."""

    name: ClassVar[str] = "carrier.changed"
    version: ClassVar[int] = 1
    subject_id: UUID
    what: str

    @property
    def aggregate_id(self) -> UUID:
        """The story of the change."""
        return self.subject_id


class Desk(Protocol[U_contra]):
    """The rows of operators, services, campaigns and lists, in one transaction."""

    async def put_operator(self, uow: U_contra, operator: Operator) -> Operator:
        """Insert, or replace and count the version up; code and currency never change."""
        ...

    async def put_service(self, uow: U_contra, service: Service) -> Service:
        """Insert, or replace by operator and code; raise NotFound for an unknown operator or
        plan."""
        ...

    async def put_campaign(self, uow: U_contra, campaign: Campaign) -> Campaign:
        """Insert, or replace by code."""
        ...

    async def service_id(self, uow: U_contra, operator: str, code: str) -> UUID | None:
        """Find a service."""
        ...

    async def take_off(self, uow: U_contra, name: NumberList, numbers: Collection[Msisdn]) -> int:
        """Take numbers off a list; return how many were on it."""
        ...


@dataclass(frozen=True, slots=True)
class SetUpCarrier:
    """Write the reference data; what already runs keeps the terms it was ordered under."""

    desk: Desk[Any]
    clock: Clock
    entropy: Entropy

    async def operator(self, uow: CarrierUnitOfWork, wanted: Operator, cause: Cause) -> Operator:
        """Put an operator; queues of a new one are worked on by workers started after this."""
        kept = await self.desk.put_operator(uow, wanted)
        self._tell(uow, cause, f"operator {kept.code}")
        return kept

    async def service(self, uow: CarrierUnitOfWork, wanted: Service, cause: Cause) -> Service:
        """Put a service."""
        known = await self.desk.service_id(uow, wanted.operator, wanted.code)
        kept = await self.desk.put_service(uow, replace(wanted, id=known or self.entropy.new_id()))
        self._tell(uow, cause, f"service {kept.operator}/{kept.code}")
        return kept

    async def campaign(
        self, uow: CarrierUnitOfWork, wanted: Campaign, service_code: str, cause: Cause
    ) -> Campaign:
        """Put a campaign of a service that is known."""
        service_id = await self.desk.service_id(uow, wanted.operator, service_code)
        if service_id is None:
            raise NotFound("service", f"{wanted.operator}/{service_code}")
        kept = await self.desk.put_campaign(uow, replace(wanted, service_id=service_id))
        self._tell(uow, cause, f"campaign {kept.code}")
        return kept

    async def put_on_list(
        self,
        uow: CarrierUnitOfWork,
        name: NumberList,
        numbers: Collection[Msisdn],
        reason: str,
        cause: Cause,
    ) -> int:
        """Put numbers on a list; return how many were not on it before."""
        new = await uow.numbers.put_on_list(name, numbers, reason=reason, actor=cause.actor)
        self._tell(uow, cause, f"{len(new)} numbers {name.value}")
        return len(new)

    async def take_off_list(
        self,
        uow: CarrierUnitOfWork,
        name: NumberList,
        numbers: Collection[Msisdn],
        cause: Cause,
    ) -> int:
        """Take numbers off a list; return how many were on it."""
        count = await self.desk.take_off(uow, name, numbers)
        self._tell(uow, cause, f"{count} numbers no longer {name.value}")
        return count

    def _tell(self, uow: CarrierUnitOfWork, cause: Cause, what: str) -> None:
        uow.events.record(cause, [CarrierChanged(subject_id=cause.correlation_id, what=what)])
