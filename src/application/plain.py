"""How values of the domain look as JSON, wherever they leave the house.

Money is `{"amount_minor": …, "currency": "RUB"}`, instants and dates are ISO 8601 texts, ids are
texts, a tuple is an array, a dataclass is an object of its fields.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from types import NoneType
from typing import Any
from uuid import UUID

from domain.shared.money import Currency, Money

_PLAIN = (str, int, float, bool, NoneType)


@lru_cache(maxsize=512)
def names_of(kind: Any) -> tuple[str, ...]:
    """Name the fields of a dataclass."""
    return tuple(field.name for field in fields(kind))


def plain(value: Any) -> Any:
    """Turn a value of the domain into plain JSON values; refuse what has no agreed form."""
    if type(value) in _PLAIN:
        return value
    match value:
        case Enum():
            return value.value
        case UUID() | Currency():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case Money():
            return {"amount_minor": value.amount_minor, "currency": value.currency.code}
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case str() | int() | float():
            return value
        case _ if is_dataclass(value):
            return fields_of(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no agreed form in JSON")


def fields_of(value: Any) -> dict[str, Any]:
    """Turn a dataclass into an object of its fields."""
    kind: Any = type(value)
    return {name: plain(getattr(value, name)) for name in names_of(kind)}
