"""What the routes of postbacks answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct


class Kept(Struct, kw_only=True):
    """The click is kept; `new` is false when its pixel was known already."""

    new: bool


class Saved(Struct, kw_only=True):
    """A setting as it stands."""

    id: str


class Named(Struct, kw_only=True):
    """A publisher as it stands."""

    name: str


class Settings(Struct, kw_only=True):
    """All settings, and publishers in the order their patterns are tried in."""

    settings: Sequence[Mapping[str, Any]]
    publishers: Sequence[Mapping[str, Any]]


class Pixels(Struct, kw_only=True):
    """A page of postbacks."""

    items: Sequence[Mapping[str, Any]]
    next_cursor: str | None


class Resent(Struct, kw_only=True):
    """How many were ordered anew."""

    ordered: int
