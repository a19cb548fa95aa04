"""The bodies of the queues that programs outside work on, with the documented Records in them."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from adapters.wire.record import Record
from entrypoints.api.shapes import Body, Line

MessageId = Annotated[int, Meta(ge=1, le=2**62)]
EventName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$(?!\n)")]
SenderId = Annotated[
    str, Meta(pattern=r"^[!-~]{1,128}$(?!\n)", description="the sender's; a repeat is a no-op")
]
LeaseSeconds = Annotated[int, Meta(ge=1, le=600)]


class NewClaim(Body, kw_only=True, frozen=True):
    """How many messages are wanted, for how long, and how long to wait for the first of them.

    `lease` is a random name the program gives this one claim, so that it can be repeated when its
    answer got lost: it is answered with the same messages, while they are held.
    """

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    lease_seconds: LeaseSeconds = 60
    wait_seconds: Annotated[int, Meta(ge=0, le=20)] = 0
    lease: UUID | None = None


class Answer(Body, kw_only=True, frozen=True):
    """How one message ended."""

    id: MessageId
    event_name: EventName
    event_data: Record


class Answers(Body, kw_only=True, frozen=True):
    """How messages of one lease ended."""

    lease: UUID
    answers: Annotated[list[Answer], Meta(min_length=1, max_length=100)]


class Failure(Body, kw_only=True, frozen=True):
    """Why one message was not carried out; `sent` is false where certainly nothing was executed."""

    id: MessageId
    error: Line
    sent: bool
    delay_seconds: Annotated[float, Meta(ge=0, le=86_400)] | None = None


class Failures(Body, kw_only=True, frozen=True):
    """Messages of one lease that were not carried out."""

    lease: UUID
    failures: Annotated[list[Failure], Meta(min_length=1, max_length=100)]


class NewRenewal(Body, kw_only=True, frozen=True):
    """Messages of one lease that need more time, counted from now."""

    lease: UUID
    ids: Annotated[list[MessageId], Meta(min_length=1, max_length=100)]
    lease_seconds: LeaseSeconds = 60


class Delivery(Body, kw_only=True, frozen=True):
    """Something the program has to say by itself.

    `token` is the `operator_token` that a charge or a text was handed out with, where the Record
    carries the operator's own.
    """

    id: SenderId
    event_name: EventName
    event_data: Record
    token: Annotated[str, Meta(pattern=r"^[!-~]{1,128}$(?!\n)")] | None = None


class Deliveries(Body, kw_only=True, frozen=True):
    """Things the program has to say by itself."""

    messages: Annotated[list[Delivery], Meta(min_length=1, max_length=100)]
