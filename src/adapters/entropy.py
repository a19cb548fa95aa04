"""Chance: the operating system's for real, a seeded one for runs that must repeat."""

import random
import secrets
import time
from uuid import UUID

from domain.shared.ids import UUID7_RANDOM_BITS, uuid7


class SystemEntropy:
    """Draw from the operating system; ids carry the machine's time so that keys stay sorted."""

    def new_id(self) -> UUID:
        """Return a fresh UUIDv7."""
        return uuid7(time.time_ns() // 1_000_000, secrets.randbits(UUID7_RANDOM_BITS))

    def token(self) -> str:
        """Return 192 unguessable bits as URL-safe text."""
        return secrets.token_urlsafe(24)

    def fraction(self) -> float:
        """Return a number in [0, 1)."""
        return secrets.randbits(53) / (1 << 53)


class SeededEntropy:
    """Repeat the same draws for the same seed; ids count milliseconds from the epoch given."""

    def __init__(self, seed: int, *, start_milliseconds: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatability is the purpose
        self._milliseconds = start_milliseconds

    def new_id(self) -> UUID:
        """Return the next UUIDv7 of this seed."""
        self._milliseconds += 1
        return uuid7(self._milliseconds, self._random.getrandbits(UUID7_RANDOM_BITS))

    def token(self) -> str:
        """Return the next token of this seed; not a secret."""
        return f"{self._random.getrandbits(192):048x}"

    def fraction(self) -> float:
        """Return the next number in [0, 1)."""
        return self._random.random()
