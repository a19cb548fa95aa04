"""What every answer is: exactly the fields it declares."""

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Answer(Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    """An answer has exactly the fields it declares."""


class PageOf(Answer, Generic[T], frozen=True):
    """A page; `next_cursor` leads to the next one, null after the last."""

    items: list[T]
    next_cursor: str | None


class All(Answer, Generic[T], frozen=True):
    """Everything there is."""

    items: list[T]
