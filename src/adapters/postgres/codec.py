"""How values of the domain look as JSON in the database, and how they come back.

They are written by `application.plain`. Reading ignores fields nobody knows, so an old reader
survives a newer writer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from application.plain import fields_of, names_of, plain
from domain.shared.money import Currency, Money

__all__ = ("fields_of", "instant", "money", "plain", "restored")

T = TypeVar("T")
_PLAIN = (str, int, float, bool, NoneType)


def money(given: Mapping[str, Any]) -> Money:
    """Read money back."""
    return Money.of(given["amount_minor"], given["currency"])


def instant(text: str) -> datetime:
    """Read an instant back, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def restored(kind: Any, given: Any) -> Any:
    """Read a value of a type back from plain JSON; fields that are missing take their defaults.

    Knows what `plain` writes, optional values, and unions of classes whose first fitting member
    is meant; refuses anything else with `TypeError`.
    """
    kind = getattr(kind, "__supertype__", kind)
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _one_of(get_args(kind), given)
    if origin is not None:
        return _many(origin, get_args(kind), given)
    if kind is Any or kind in _PLAIN:
        return given
    if kind is Money:
        return money(given)
    if kind is datetime:
        return instant(given)
    if kind is date:
        return date.fromisoformat(given)
    if kind in (UUID, Currency) or issubclass(kind, Enum):
        return kind(given)
    if is_dataclass(kind):
        return _made(kind, given)
    raise TypeError(f"{kind!r} has no agreed form in JSON")


def _made(kind: Any, given: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    return kind(**{name: restored(hints[name], given[name]) for name in hints if name in given})


@lru_cache(maxsize=512)
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: hints[name] for name in names_of(kind)}


def _one_of(kinds: tuple[Any, ...], given: Any) -> Any:
    if given is None and NoneType in kinds:
        return None
    for kind in kinds:
        if kind is not NoneType:
            try:
                return restored(kind, given)
            except (TypeError, ValueError, KeyError, AttributeError):
                continue
    raise TypeError(f"{given!r} is none of {kinds}")


def _many(origin: Any, kinds: tuple[Any, ...], given: Any) -> Any:
    if issubclass(origin, Mapping):
        key, item = kinds
        return {restored(key, k): restored(item, v) for k, v in given.items()}
    if origin is tuple and Ellipsis not in kinds:
        return tuple(restored(kind, item) for kind, item in zip(kinds, given, strict=True))
    items = [restored(kinds[0], item) for item in given]
    if origin in (tuple, set, frozenset):
        return origin(items)
    if issubclass(origin, Sequence):
        return tuple(items) if origin is not list else items
    raise TypeError(f"{origin!r} has no agreed form in JSON")
