"""What the routes of queues answer."""

from datetime import datetime

from msgspec import UNSET, UnsetType

from adapters.wire.record import Record
from entrypoints.api.answers.shapes import Answer


class Handed(Answer, frozen=True):
    """A message in the hands of the program.

    `redelivered` when it may have been carried out before: the same charge, under the same
    `operator_token`.
    """

    id: int
    event_name: str
    event_data: Record
    redelivered: bool


class Claimed(Answer, frozen=True):
    """Messages under one lease; `lease` is null when there are none."""

    lease: str | None
    expires_at: datetime | None
    messages: list[Handed]


class Result(Answer, frozen=True):
    """What became of one id: 200 it counts, 409 the lease is over, 422 it makes no sense."""

    id: int | str
    status: int
    detail: str | UnsetType = UNSET


class Results(Answer, frozen=True):
    """What became of each id, in the order they were given."""

    results: list[Result]


class Renewed(Answer, frozen=True):
    """What is still held, and until when."""

    expires_at: datetime | None
    results: list[Result]
