"""Somebody who works for the company: who they are, what they may do, whom tasks are drawn for."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from domain.identity.customer import LOCALES
from domain.shared.errors import DomainError, InvalidValue

_EMAIL = re.compile(r"[^@\s\x00-\x1f<>,;:\"()\[\]\\]{1,64}@[^@\s\x00-\x1f<>,;:\"()\[\]\\]{1,190}")
_LONGEST_NAME = 120


class PersonRole(StrEnum):
    """What somebody is to the company; everybody who is none of the others is a worker."""

    WORKER = "worker"
    ACCOUNTANT = "accountant"
    MANAGER = "manager"
    ADMIN = "admin"


NEVER_DRAWN = frozenset({PersonRole.MANAGER, PersonRole.ADMIN})


class LastAdmin(DomainError):
    """Without an active administrator nobody could make one."""

    code = "last_admin"


class AddressTaken(DomainError):
    """Somebody else is reached under this e-mail address, or has this id."""

    code = "address_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person; `role_version` counts changes of what they may do."""

    id: UUID
    name: str
    email: str | None
    role: PersonRole
    language: str
    is_active: bool
    role_version: int
    created_at: datetime

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= _LONGEST_NAME or not self.name.isprintable():
            raise InvalidValue(f"a person's name has 1 to {_LONGEST_NAME} printable characters")
        if self.email is not None and not _EMAIL.fullmatch(self.email):
            raise InvalidValue("that is not an e-mail address")
        if self.language not in LOCALES:
            raise InvalidValue(f"the language is one of {', '.join(LOCALES)}")

    @property
    def is_eligible(self) -> bool:
        """Tell whether tasks are drawn for them."""
        return self.is_active and self.role not in NEVER_DRAWN


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRegistered:
    """Somebody works for the company now."""

    name: ClassVar[str] = "PersonRegistered"
    version: ClassVar[int] = 1
    person_id: UUID
    role: PersonRole
    language: str

    @property
    def aggregate_id(self) -> UUID:
        """The person."""
        return self.person_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChanged:
    """What somebody may do, or how they are reached, is another now."""

    name: ClassVar[str] = "PersonChanged"
    version: ClassVar[int] = 1
    person_id: UUID
    role: PersonRole
    was: PersonRole
    role_version: int
    language: str
    is_active: bool

    @property
    def aggregate_id(self) -> UUID:
        """The person."""
        return self.person_id


def changed(
    person: Person,
    *,
    name: str | None = None,
    email: str | None = None,
    role: PersonRole | None = None,
    language: str | None = None,
    is_active: bool | None = None,
) -> tuple[Person, PersonChanged] | None:
    """Return the person as they are now; what is None stays. None when nothing is another."""
    new = replace(
        person,
        name=person.name if name is None else name,
        email=person.email if email is None else email,
        role=person.role if role is None else role,
        language=person.language if language is None else language,
        is_active=person.is_active if is_active is None else is_active,
    )
    if new == person:
        return None
    if (new.role, new.is_active) != (person.role, person.is_active):
        new = replace(new, role_version=person.role_version + 1)
    event = PersonChanged(
        person_id=new.id,
        role=new.role,
        was=person.role,
        role_version=new.role_version,
        language=new.language,
        is_active=new.is_active,
    )
    return new, event


def leaves_admins(before: Person, after: Person) -> bool:
    """Tell whether somebody stops being an active administrator."""

    def is_one(person: Person) -> bool:
        return person.is_active and person.role is PersonRole.ADMIN

    return is_one(before) and not is_one(after)
