"""Who is calling, and what they may do: one table of permissions, denied unless it is in there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from application.errors import ApplicationError
from domain.shared.ids import CustomerId


class Role(StrEnum):
    """What somebody is to this deployment."""

    CUSTOMER = "customer"
    WORKER = "worker"
    MANAGER = "manager"
    ACCOUNTANT = "accountant"
    ADMIN = "admin"
    SERVICE = "service"
    PROGRAM = "program"


PUBLIC = "public"
_STAFF = frozenset({Role.MANAGER, Role.ADMIN})
_BOOKS = frozenset({Role.MANAGER, Role.ACCOUNTANT, Role.ADMIN})
_PEOPLE = frozenset({Role.WORKER, Role.MANAGER, Role.ACCOUNTANT, Role.ADMIN})
_OWN = frozenset({Role.CUSTOMER, Role.SERVICE, Role.MANAGER, Role.ADMIN})

PERMISSIONS: Mapping[str, frozenset[Role]] = {
    "catalog:manage": _STAFF,
    "catalog:audit": _BOOKS,
    "customers:register": frozenset({Role.SERVICE, Role.ADMIN}),
    "customers:read": _OWN,
    "subscriptions:read": _OWN | {Role.ACCOUNTANT},
    "subscriptions:change": _OWN,
    "subscriptions:manage": _STAFF,
    "invoices:read": _OWN | {Role.ACCOUNTANT},
    "invoices:issue": frozenset({Role.SERVICE, Role.MANAGER, Role.ADMIN}),
    "invoices:pay": frozenset({Role.CUSTOMER, Role.SERVICE}),
    "payments:read": _OWN | {Role.ACCOUNTANT},
    "payments:hint": _OWN,
    "payments:audit": _BOOKS,
    "payments:refund": _STAFF,
    "payments:decide": _STAFF,
    "refund-tickets:open": frozenset({Role.CUSTOMER, Role.SERVICE}),
    "refund-tickets:decide": _STAFF,
    "payments:check": _STAFF | {Role.SERVICE},
    "methods:read": _OWN,
    "methods:forget": _OWN,
    "operations:read": _BOOKS,
    "operations:repair": frozenset({Role.ADMIN}),
    "carrier:order": frozenset({Role.SERVICE, Role.ADMIN}),
    "carrier:stop": frozenset({Role.SERVICE, Role.MANAGER, Role.ADMIN}),
    "carrier:read": _BOOKS | {Role.SERVICE},
    "carrier:manage": _STAFF,
    "carrier:resolve": _STAFF,
    "queues:work": frozenset({Role.PROGRAM}),
    "tasks:create": _PEOPLE,
    "tasks:read": _PEOPLE,
    "tasks:complete": _PEOPLE,
    "tasks:reassign": _STAFF,
    "people:manage": frozenset({Role.ADMIN}),
    "accounts:read": _PEOPLE,
    "accounts:audit": frozenset({Role.ACCOUNTANT, Role.ADMIN}),
    "accounts:repair": frozenset({Role.ADMIN}),
    "accounts:pay": frozenset({Role.ACCOUNTANT, Role.ADMIN}),
    "accounts:propose": frozenset({Role.ACCOUNTANT, Role.ADMIN}),
    "accounts:approve": frozenset({Role.ADMIN}),
    "analytics:read": frozenset({Role.ACCOUNTANT, Role.ADMIN}),
    "events:read": frozenset({Role.SERVICE, Role.ADMIN}),
    "notifications:manage": frozenset({Role.ACCOUNTANT, Role.ADMIN}),
    "webhooks:manage": frozenset({Role.ADMIN}),
    "explain:read": _BOOKS | {Role.SERVICE},
}
"""Which roles hold a permission; a customer's always reaches their own objects only."""


class TokenRefused(ApplicationError):
    """The token is not ours, is over, or cannot be read."""

    code = "token_refused"


class Forbidden(ApplicationError):
    """The caller is known and may not do this."""

    code = "forbidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody with a valid token."""

    subject: str
    roles: frozenset[Role]
    expires_at: datetime

    @property
    def actor(self) -> str:
        """The name under which changes are kept: `customer:…`, `manager:…`."""
        strongest = next((role for role in _BY_WEIGHT if role in self.roles), Role.CUSTOMER)
        return f"{strongest}:{self.subject}"

    @property
    def own(self) -> CustomerId | None:
        """The only customer whose objects this caller reaches; None for those who see all."""
        if self.roles & _SEES_ALL:
            return None
        try:
            return CustomerId(UUID(self.subject))
        except ValueError:
            return CustomerId(UUID(int=0))

    def may(self, permission: str) -> bool:
        """Tell whether any of the roles holds a permission."""
        return bool(PERMISSIONS[permission] & self.roles)


_BY_WEIGHT = (Role.ADMIN, Role.MANAGER, Role.ACCOUNTANT, Role.SERVICE, Role.WORKER, Role.PROGRAM)
_SEES_ALL = frozenset({Role.ADMIN, Role.MANAGER, Role.ACCOUNTANT, Role.SERVICE})


class Tokens(Protocol):
    """Issues and checks bearer tokens; an authorization server may stand behind it one day."""

    def issue(self, subject: str, roles: frozenset[Role], *, minutes: int) -> str:
        """Return a signed token."""
        ...

    def check(self, token: str) -> Caller:
        """Return who holds it; raise TokenRefused."""
        ...
