"""Whom a report is about, when it says little more than a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Named(Generic[T]):
    """Exactly one it can be."""

    one: T


@dataclass(frozen=True, slots=True)
class Unclear(Generic[T]):
    """None, or more than one: a person has to say; nothing is guessed."""

    why: str
    candidates: Sequence[T]


def choose(exact: Sequence[T], others: Sequence[T]) -> Named[T] | Unclear[T]:
    """Choose among those that fit number and service, else among those of the number.

    Two that fit are not told apart by age or luck: the money would land on a wrong one.
    """
    fitting = exact or others
    match len(fitting):
        case 0:
            return Unclear("nobody is known by this number", ())
        case 1:
            return Named(fitting[0])
        case count:
            return Unclear(f"{count} subscriptions of this number could be meant", fitting)
