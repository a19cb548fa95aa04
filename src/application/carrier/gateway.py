"""The port of mobile operators: what Kazna asks of one, and everything it may answer or report.

A new operator is one class with these methods, found by the entry point group
`kazna.operators`, one row in the table of operators that names it as its protocol, and one line
in the parameters of the contract suite (`tests/contract/test_operator_gateway.py`). Outcomes are
values: declining and not knowing are answers. An exception that leaves an adapter is treated as
`OutcomeUnknown`, because the subscriber may have been billed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from application.ports import JsonObject
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn


class ChargeMode(StrEnum):
    """When the outcome of a charge is known.

    `SYNC`: the answer to the call is the outcome. `ASYNC`: the answer says "accepted", a
    notification brings the outcome. `MANAGED`: the operator charges by its own timetable and only
    reports; Kazna never asks it to.
    """

    SYNC = "sync"
    ASYNC = "async"
    MANAGED = "managed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorCapabilities:
    """What an operator's protocol can do; use cases ask before they rely on it.

    `callback_timeout` is how long an accepted charge may stay without a notification before it
    counts as unknown. `tariffs_minor` are the only amounts that can be charged, where the
    operator knows tariff codes instead of amounts; None where any amount can.
    """

    mode: ChargeMode
    sms: bool = True
    precheck: bool = False
    query: bool = False
    broadcast: bool = False
    callback_timeout: timedelta = timedelta(hours=24)
    tariffs_minor: frozenset[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRequest:
    """One charge of one number.

    `attempt_id` is ours and the same for every repeat; `token` is what the operator is told, at
    most 36 characters of `[a-z0-9-]` and unique for ever. `created_at` is business time.
    """

    attempt_id: str
    token: str
    msisdn: Msisdn
    money: Money
    service_code: str
    keyword: str
    description: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorReceipt:
    """What an answer of the operator says of a charge.

    `token` is the operator's own transaction id, or ours where it has none. `raw_request` and
    `raw_response` go to the operator log; they may hold the number, and never credentials.
    """

    token: str
    code: str
    raw_request: str = field(default="", repr=False)
    raw_response: str = field(default="", repr=False)
    http_status: int | None = None


@dataclass(frozen=True, slots=True)
class Paid:
    """The subscriber was billed; `at` is the operator's time where it says one."""

    receipt: OperatorReceipt
    money: Money
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The operator took the request and will report the outcome."""

    receipt: OperatorReceipt


class OperatorDecline(StrEnum):
    """Why a charge was refused, in our words."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    INACTIVE_NUMBER = "inactive_number"
    UNKNOWN_NUMBER = "unknown_number"
    BARRED = "barred"
    FREQUENCY_EXCEEDED = "frequency_exceeded"
    OPERATOR_FAILURE = "operator_failure"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Declined:
    """The subscriber was certainly not billed; `retryable` when a later try may succeed."""

    receipt: OperatorReceipt
    reason: OperatorDecline
    retryable: bool = True


@dataclass(frozen=True, slots=True)
class Postpaid:
    """The number pays later; charging it is not allowed, now or ever again."""

    receipt: OperatorReceipt


@dataclass(frozen=True, slots=True)
class Blacklisted:
    """The operator never bills this number."""

    receipt: OperatorReceipt


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """Nothing was billed: our side is wrong (credentials, tariff, a number of another operator)."""

    why: str
    receipt: OperatorReceipt | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """Certainly not executed: no byte left, or the operator said "too many"; same token, later."""

    why: str
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """The subscriber may have been billed: only a query, a notification or a person tells."""

    why: str
    receipt: OperatorReceipt | None = None


ChargeOutcome = (
    Paid | Accepted | Declined | Postpaid | Blacklisted | Misconfigured | NotSent | OutcomeUnknown
)


@dataclass(frozen=True, slots=True)
class NeverHeard:
    """The operator knows no charge under this token."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The operator could not be asked; nothing is known."""

    why: str


QueryOutcome = Paid | Accepted | Declined | Postpaid | Blacklisted | NeverHeard | Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsRequest:
    """One text to one number; `id` is ours and the same for every repeat."""

    id: str
    msisdn: Msisdn
    text: str
    service_code: str


@dataclass(frozen=True, slots=True)
class SmsSent:
    """The operator took the text."""

    receipt: OperatorReceipt


@dataclass(frozen=True, slots=True)
class SmsRejected:
    """The operator will never take this text."""

    receipt: OperatorReceipt
    why: str


SmsOutcome = SmsSent | SmsRejected | NotSent | OutcomeUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastRequest:
    """The text of a day for all subscribers of a service; the operator charges them for it."""

    service_code: str
    day: date
    text: str


@dataclass(frozen=True, slots=True)
class BroadcastTaken:
    """The operator took the text of the day; the same day is never sent twice."""

    receipt: OperatorReceipt


@dataclass(frozen=True, slots=True)
class BroadcastRejected:
    """The operator refused the text."""

    receipt: OperatorReceipt
    why: str


BroadcastOutcome = BroadcastTaken | BroadcastRejected | NotSent | OutcomeUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class RawCallback:
    """An incoming request as it came: nothing parsed, nothing trusted.

    `query` keeps the order and repeats of the query string; `path` is what follows the operator's
    code in the address.
    """

    method: str
    path: str
    query: Sequence[tuple[str, str]] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    peer_ip: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeRequested:
    """A subscriber ordered a service: by SMS, on the operator's page, or on ours.

    One of `service_code` and `keyword` is given. `text` and `said_at` are evidence of consent.
    """

    event_id: str
    msisdn: Msisdn
    service_code: str | None = None
    keyword: str | None = None
    text: str = ""
    said_at: datetime | None = None
    operator_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeRequested:
    """A subscriber wants one service to end; with neither service nor keyword, the only one."""

    event_id: str
    msisdn: Msisdn
    service_code: str | None = None
    keyword: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeRequested:
    """All services of a number are to end."""

    event_id: str
    msisdn: Msisdn
    reason: str = "purge request"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeReported:
    """The operator reports how a charge ended.

    `outcome` Accepted is an interim report and changes nothing. `token` is what we told the
    operator or what it told us; where it names neither, the number and the service must do.
    """

    event_id: str
    outcome: Paid | Accepted | Declined | Postpaid | Blacklisted
    token: str | None = None
    msisdn: Msisdn | None = None
    service_code: str | None = None
    keyword: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberChanged:
    """A subscriber has another number now."""

    event_id: str
    before: Msisdn
    after: Msisdn


Report = SubscribeRequested | UnsubscribeRequested | PurgeRequested | ChargeReported | NumberChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an operator wants to hear when its callback was taken."""

    status: int = 200
    body: bytes = b"OK"
    content_type: str = "text/plain; charset=utf-8"


class CallbackRefused(Exception):
    """The callback did not come from the operator, or cannot be read; nothing was done.

    `authentic` is false where the sender is in doubt (answered 403) and true where only the
    content is broken (answered 400).
    """

    def __init__(self, why: str, *, authentic: bool) -> None:
        super().__init__(why)
        self.authentic = authentic


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSettings:
    """What an adapter is built from: the operator's row and its secrets.

    `prefixes` are the beginnings of the operator's numbers, country code included; `options` are
    the protocol's own, checked by the adapter; `secrets` come from the environment, never from
    the table, and are never shown.
    """

    code: str
    country_code: str
    currency: str
    time_zone: str
    prefixes: Sequence[str] = ()
    base_url: str = ""
    timeout_seconds: float = 20.0
    options: JsonObject = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


class OperatorGateway(Protocol):
    """A mobile operator. Every call states its own time limit and never logs secrets."""

    @property
    def code(self) -> str:
        """The operator's stable name, which its queues carry: `mobilink`."""
        ...

    @property
    def capabilities(self) -> OperatorCapabilities:
        """What its protocol can do."""
        ...

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Bill the subscriber; a broken connection or a time-out is OutcomeUnknown."""
        ...

    async def query(self, token: str, msisdn: Msisdn) -> QueryOutcome:
        """Ask how a charge ended; Unreachable where the protocol cannot ask."""
        ...

    async def send_sms(self, request: SmsRequest) -> SmsOutcome:
        """Send a text that costs the subscriber nothing."""
        ...

    async def broadcast(self, request: BroadcastRequest) -> BroadcastOutcome:
        """Hand over the text of a day; only where the capabilities say so."""
        ...

    def read(self, callback: RawCallback) -> Sequence[Report]:
        """Check the sender, then parse; raise CallbackRefused. Event ids are stable on repeats."""
        ...

    def reply(self, callback: RawCallback) -> Reply:
        """Return the answer this operator expects to a callback that was taken."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


BuildOperator = Callable[[OperatorSettings], OperatorGateway]
"""What an entry point of the group `kazna.operators` names."""
