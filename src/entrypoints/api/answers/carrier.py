"""What the carrier's routes answer."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct


class Taken(Struct, kw_only=True):
    """The order is kept; what becomes of it is seen on the subscription."""

    event_id: str
    tid: str


class Ended(Struct, kw_only=True):
    """How many live subscriptions ended."""

    ended: int


class Listed(Struct, kw_only=True):
    """What became of numbers: new on the list, on it before, or no numbers."""

    changed: int
    unchanged: int
    invalid: list[str]


class Operator(Struct, kw_only=True):
    """An operator as it stands."""

    code: str
    version: int
    is_active: bool


class Operators(Struct, kw_only=True):
    """All operators."""

    items: Sequence[Mapping[str, Any]]


class Service(Struct, kw_only=True):
    """A service as it stands."""

    id: str
    operator: str
    code: str
    version: int


class Campaign(Struct, kw_only=True):
    """A campaign as it stands."""

    code: str
    operator: str
    keyword: str | None


class DayText(Struct, kw_only=True):
    """The text of a day as it stands."""

    operator: str
    service_code: str
    day: date
    status: str


class DayTexts(Struct, kw_only=True):
    """A page of texts of days."""

    items: Sequence[Mapping[str, Any]]
    next_cursor: str | None


class Unresolved(Struct, kw_only=True):
    """A page of reports that wait for a person."""

    items: Sequence[Mapping[str, Any]]
    next_cursor: str | None


class Resolved(Struct, kw_only=True):
    """A report was decided."""

    id: str
    status: str
