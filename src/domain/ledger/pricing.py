"""What a task costs whoever it is given to, and what it brings whoever completes it.

Both are drawn once per task, in whole units of the currency, by a keyed function of the task's id
alone: the same whoever asks, in whatever order facts come, after a crash and in a rebuild; and
nobody can guess them without the key.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from uuid import UUID

from domain.shared.errors import InvalidValue
from domain.shared.money import Currency, Money

PRICING_VERSION = 1
FEE = (10, 20)
REWARD = (20, 40)
_LEAST_KEY_BYTES = 16
_DRAWN_BYTES = 8


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of one task, both positive; the kind of an operation says which way they go."""

    fee: Money
    reward: Money


def prices_of(task_id: UUID, key: bytes, currency: Currency) -> Prices:
    """Return the prices of a task; both ends of both ranges are drawn as often as any other."""
    if len(key) < _LEAST_KEY_BYTES:
        raise InvalidValue(f"prices are drawn with a key of at least {_LEAST_KEY_BYTES} bytes")
    return Prices(
        _units(_drawn(key, "assign", task_id, FEE), currency),
        _units(_drawn(key, "complete", task_id, REWARD), currency),
    )


def _drawn(key: bytes, label: str, task_id: UUID, ends: tuple[int, int]) -> int:
    """Draw evenly from both ends on: a draw beyond the last whole stretch is thrown away."""
    low, high = ends
    width = high - low + 1
    limit = 256**_DRAWN_BYTES // width * width
    for attempt in count():
        digest = hmac.new(key, f"{label}|{task_id}|{attempt}".encode(), sha256).digest()
        value = int.from_bytes(digest[:_DRAWN_BYTES], "big")
        if value < limit:
            return low + value % width
    raise AssertionError("counting never ends")


def _units(number: int, currency: Currency) -> Money:
    return Money(number * 10**currency.decimals, currency)
