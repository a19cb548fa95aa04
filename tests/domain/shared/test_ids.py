"""Ids are version 7 UUIDs: they sort by the time of their making and keep every random bit."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.shared.ids import UUID7_RANDOM_BITS, uuid7

MILLISECONDS = st.integers(0, 2**48 - 1)
BITS = st.integers(0, 2**UUID7_RANDOM_BITS - 1)


def test_the_example_of_the_standard_comes_out() -> None:
    """RFC 9562, appendix A.6: February 22, 2022, 14:22:22 -05:00."""
    made = uuid7(0x017F22E279B0, 0xCC3 << 62 | 0x18C4DC0C0C07398F)
    assert made == UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")


@given(at=MILLISECONDS, bits=BITS)
def test_the_layout_is_that_of_version_7_and_nothing_is_lost(at: int, bits: int) -> None:
    made = uuid7(at, bits)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == at
    random_a, random_b = made.int >> 64 & 0xFFF, made.int & (1 << 62) - 1
    assert random_a << 62 | random_b == bits


@given(at=st.integers(0, 2**48 - 2), later=st.integers(1, 2**40), bits=BITS, other=BITS)
def test_ids_sort_by_the_time_of_their_making(at: int, later: int, bits: int, other: int) -> None:
    first, second = uuid7(at, bits), uuid7(min(at + later, 2**48 - 1), other)
    assert first < second
    assert str(first) < str(second)


@given(at=MILLISECONDS, bits=BITS, other=BITS)
def test_ids_of_one_millisecond_sort_by_their_random_bits(at: int, bits: int, other: int) -> None:
    assert (uuid7(at, bits) < uuid7(at, other)) == (bits < other)
    assert (uuid7(at, bits) == uuid7(at, other)) == (bits == other)
