"""Expanding: an id in an answer becomes the object it names, where the caller asks for it."""

from collections.abc import Iterable
from typing import Any, Final

from entrypoints.sandbox.stripe import objects
from entrypoints.sandbox.stripe.errors import invalid
from entrypoints.sandbox.stripe.objects import Shown
from entrypoints.sandbox.stripe.store import Store

_DEEPEST: Final = 4
_EXPANDABLE: Final = frozenset(
    {"payment_intent", "latest_charge", "balance_transaction", "payment_method", "customer"}
    | {"charge"}
)


def expanded(store: Store, shown: Shown, paths: Iterable[str]) -> Shown:
    """Return an object, or a list of them, with the objects named by `paths` in place of ids."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > _DEEPEST:
            raise invalid("You cannot expand more than 4 levels of a property", "expand")
        shown = _along(store, shown, parts)
    return shown


def _along(store: Store, shown: Shown, parts: list[str]) -> Shown:
    name, rest = parts[0], parts[1:]
    value = shown.get(name)
    if isinstance(value, list):
        return {**shown, name: [_along(store, each, rest) if rest else each for each in value]}
    if name not in _EXPANDABLE:
        raise invalid(f"This property cannot be expanded ({name}).", "expand")
    if value is None:
        return shown
    inner = _object(store, value)
    return {**shown, name: _along(store, inner, rest) if rest else inner}


def _object(store: Store, value: Any) -> Shown:
    if isinstance(value, dict):
        return value
    kept = objects.find(store, value)
    assert kept is not None, "what an object names is kept"
    return kept.shown
