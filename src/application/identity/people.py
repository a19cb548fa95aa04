"""Keep the company's people: register them, change what they are, never lose the last admin."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from application.errors import NotFound
from application.ports import Clock, Entropy, U_contra, UnitOfWork
from domain.identity.person import (
    LastAdmin,
    Person,
    PersonRegistered,
    PersonRole,
    changed,
    leaves_admins,
)
from domain.shared.facts import Cause


class People(Protocol[U_contra]):
    """Rows of people."""

    async def add(self, uow: U_contra, people: Sequence[Person]) -> None:
        """Insert people; raises AddressTaken for an e-mail address somebody has."""
        ...

    async def lock(self, uow: U_contra, person_id: UUID) -> Person | None:
        """Lock and return one."""
        ...

    async def save(self, uow: U_contra, person: Person) -> None:
        """Update one that is locked; raises AddressTaken."""
        ...

    async def lock_admins(self, uow: U_contra) -> Sequence[UUID]:
        """Lock all active administrators, in order, and name them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Who they are."""

    name: str
    email: str | None = None
    role: PersonRole = PersonRole.WORKER
    language: str = "en"
    id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """What is to be another; None stays."""

    name: str | None = None
    email: str | None = None
    role: PersonRole | None = None
    language: str | None = None
    is_active: bool | None = None


@dataclass(frozen=True, slots=True)
class RegisterPeople:
    """Register people inside the caller's transaction."""

    people: People[Any]
    clock: Clock
    entropy: Entropy

    async def within(
        self, uow: UnitOfWork, new: Sequence[NewPerson], cause: Cause
    ) -> Sequence[Person]:
        """Insert them and tell of each; never commits."""
        made = [
            Person(
                id=one.id or self.entropy.new_id(),
                name=one.name,
                email=one.email,
                role=one.role,
                language=one.language,
                is_active=True,
                role_version=1,
                created_at=self.clock.now(),
            )
            for one in new
        ]
        await self.people.add(uow, made)
        uow.events.record(
            cause,
            [
                PersonRegistered(person_id=one.id, role=one.role, language=one.language)
                for one in made
            ],
        )
        return made


@dataclass(frozen=True, slots=True)
class ChangePerson:
    """Change somebody inside the caller's transaction."""

    people: People[Any]

    async def within(
        self, uow: UnitOfWork, person_id: UUID, change: PersonChange, cause: Cause
    ) -> Person:
        """Return the person as they are now; raises NotFound and LastAdmin; never commits."""
        # Administrators are locked before anybody else, so that two who leave wait for each other.
        admins = await self.people.lock_admins(uow)
        person = await self.people.lock(uow, person_id)
        if person is None:
            raise NotFound("person", person_id)
        moved = changed(
            person,
            name=change.name,
            email=change.email,
            role=change.role,
            language=change.language,
            is_active=change.is_active,
        )
        if moved is None:
            return person
        after, event = moved
        if leaves_admins(person, after) and list(admins) == [person.id]:
            raise LastAdmin("this is the last active administrator: make another one first")
        await self.people.save(uow, after)
        uow.events.record(cause, [event])
        return after
