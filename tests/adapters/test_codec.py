"""What the database keeps of a value is what comes back, and an old reader survives a newer one."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.postgres.codec import fields_of, plain, restored
from domain.shared.money import Currency, Money

ThingId = NewType("ThingId", UUID)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Leaf:
    amount: Money
    colour: Colour


@dataclass(frozen=True, slots=True)
class Pair:
    left: int
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    id: ThingId
    at: datetime
    day: date
    currency: Currency
    leaves: tuple[Leaf, ...] = ()
    pair: tuple[int, str] = (0, "")
    by_colour: dict[Colour, Money] = field(default_factory=dict)
    choice: Leaf | Pair | None = None
    flags: frozenset[str] = frozenset()
    ratio: float = 0.0
    on: bool = True


MONEY = st.builds(Money.of, st.integers(-(10**15), 10**15), st.sampled_from(["RUB", "JPY", "KWD"]))
LEAVES = st.builds(Leaf, MONEY, st.sampled_from(Colour))
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
THINGS = st.builds(
    Thing,
    id=st.uuids().map(ThingId),
    at=st.datetimes(timezones=st.just(UTC)),
    day=st.dates(),
    currency=st.sampled_from([Currency("RUB"), Currency("USD")]),
    leaves=st.lists(LEAVES, max_size=3).map(tuple),
    pair=st.tuples(st.integers(), WORDS),
    by_colour=st.dictionaries(st.sampled_from(Colour), MONEY),
    choice=st.one_of(st.none(), LEAVES, st.builds(Pair, st.integers(), WORDS)),
    flags=st.frozensets(WORDS, max_size=3),
    ratio=st.floats(allow_nan=False, allow_infinity=False),
    on=st.booleans(),
)


@given(THINGS)
def test_a_value_comes_back_through_json_as_it_was(thing: Thing) -> None:
    written = json.loads(json.dumps(fields_of(thing)))

    assert restored(Thing, written) == thing


@given(THINGS)
def test_the_json_of_the_database_is_the_same(thing: Thing) -> None:
    given_ = fields_of(thing)

    assert msgspec.json.decode(msgspec.json.encode(given_)) == json.loads(json.dumps(given_))


def test_money_is_written_in_minor_units_with_its_currency() -> None:
    assert plain([Money.of(-5, "JPY")]) == [{"amount_minor": -5, "currency": "JPY"}]


def test_a_reader_ignores_what_it_does_not_know_and_fills_in_what_is_missing() -> None:
    assert restored(Pair, {"left": 1, "right": "x", "new": 5}) == Pair(1, "x")
    id_ = UUID(int=1)
    given_ = {"id": str(id_), "at": "2026-03-01T12:00:00+03:00", "day": "2026-03-01"}
    thing = restored(Thing, {**given_, "currency": "RUB"})
    assert thing.at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert thing.leaves == ()


@pytest.mark.parametrize("value", [object(), 1j, b"x", {"a": object()}, [b"x"]])
def test_what_has_no_agreed_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        plain(value)


def test_none_of_a_union_is_refused() -> None:
    with pytest.raises(TypeError):
        restored(Leaf | Pair, {"neither": 1})
