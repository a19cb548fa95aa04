"""What the door for events answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct


class TakenEvents(Struct, kw_only=True):
    """How many events are kept now and were kept before, and which were not taken, and why."""

    accepted: int
    repeated: int
    refused: Sequence[Mapping[str, Any]]
