"""Draws that depend on nothing but their names, so that a run can be repeated."""

from hashlib import blake2b


def draw(*names: object) -> float:
    """Return a number in [0, 1) that is always the same for the same names."""
    digest = blake2b(repr(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def hits(percent: float, *names: object) -> bool:
    """Tell whether something that happens in so many of a hundred cases happens in this one."""
    return percent > 0 and draw(*names) * 100 < percent
