"""The bridge: what Kazna and a foreign program that carries an operator's requests tell each other.

The program's words are the documented Record; here stands what of it means something, and what.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from application.carrier.gateway import (
    Accepted,
    Blacklisted,
    ChargeMode,
    Declined,
    OperatorDecline,
    OperatorReceipt,
    Paid,
    Postpaid,
)
from application.carrier.wire import CHARGE
from application.ports import Message, U_contra
from domain.carrier.operator import BRIDGE
from domain.shared.errors import InvalidValue
from domain.shared.ids import AttemptId
from domain.shared.money import Currency, Money
from domain.shared.msisdn import Msisdn

POSTPAID, BLACKLISTED = "postpaid", "blacklisted"
HANDED_OUT = "handed_out"
FRESH, AGAIN = "fresh", "again"
_FINAL = frozenset({OperatorDecline.UNKNOWN_NUMBER})

Reported = Paid | Accepted | Declined | Postpaid | Blacklisted


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeTerms:
    """What the options of a bridged operator say of its program.

    `mode` is when outcomes are known: in the answer, or later. An `idempotent` program bills once
    for however many deliveries of one charge. `declines` puts its error codes into our words.
    """

    mode: ChargeMode
    idempotent: bool
    sms: bool
    callback_timeout: timedelta
    tariffs_minor: frozenset[int] | None
    declines: Mapping[str, OperatorDecline]


@dataclass(frozen=True, slots=True, kw_only=True)
class WireCharge:
    """A charge with all that the Record tells of it.

    `is_wanted` is false once its invoice was closed: the subscriber stopped, or somebody else paid.
    """

    attempt_id: AttemptId
    operator: str
    msisdn: Msisdn
    money: Money
    occasion: str
    tid: str
    service_code: str
    campaign_code: str | None
    subscription_id: UUID | None
    wire_id: int | None
    earlier_attempts: int
    ordered_at: datetime | None
    last_attempt_at: datetime | None
    delay_hours: int
    retry_days: int
    periodic: bool
    days: Sequence[str]
    allowed_from: int
    allowed_to: int
    pixel: str | None
    publisher: str | None
    is_wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WireText:
    """A text with all that the Record tells of it."""

    sms_id: UUID
    operator: str
    msisdn: Msisdn
    tid: str
    service_code: str
    subscription_id: UUID
    wire_id: int
    body: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRecord:
    """A Record as the foreign program sent it, as far as it means anything; empty is "not said".

    `raw` is what goes to the operator log.
    """

    msisdn: Msisdn | None
    service_code: str
    campaign_code: str
    tid: str
    token: str
    error: str
    paid: bool
    subscription_status: str
    price_minor: int
    text: str
    said_at: datetime | None
    channel: str
    pixel: str
    publisher: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Handed:
    """A message in the hands of the program; `again` when it may have been carried out before."""

    id: int
    work: WireCharge | WireText
    again: bool


class BridgeRows(Protocol[U_contra]):
    """The rows of messages and charges, as the bridge needs them, in one transaction."""

    async def charges(
        self, uow: U_contra, ids: Collection[AttemptId]
    ) -> Mapping[AttemptId, WireCharge]:
        """Load charges of numbers, without locks."""
        ...

    async def texts(self, uow: U_contra, ids: Collection[UUID]) -> Mapping[UUID, WireText]:
        """Load texts, without locks."""
        ...

    async def held(
        self, uow: U_contra, queue: str, lease: UUID, ids: Collection[int]
    ) -> Mapping[int, Message]:
        """Lock and return those messages of a queue that are still under the lease."""
        ...

    async def handed_out(
        self, uow: U_contra, queue: str, lease: UUID
    ) -> tuple[Sequence[Message], datetime | None]:
        """Return what is handed out under a lease, without locks, and when that ends."""
        ...

    async def in_hand(self, uow: U_contra, queue: str, lease: UUID) -> set[AttemptId]:
        """Return the charges that are handed out under other leases."""
        ...

    async def hand_out(
        self, uow: U_contra, lease: UUID, given: Mapping[int, str]
    ) -> datetime | None:
        """Mark messages as handed out, `fresh` or `again`; return when their lease ends."""
        ...

    async def renew(
        self, uow: U_contra, queue: str, lease: UUID, ids: Collection[int], seconds: float
    ) -> Mapping[int, datetime]:
        """Prolong the lease of messages; return when it ends of those that are still held."""
        ...


def key_of(message: Message) -> UUID:
    """Return which charge or which text a message is about."""
    return UUID(message.payload["attempt_id" if message.name == CHARGE else "sms_id"])


async def work_of(
    rows: BridgeRows[Any], uow: Any, messages: Sequence[Message]
) -> Mapping[int, WireCharge | WireText]:
    """Load what messages are about, by message."""
    attempts = {one.id: AttemptId(key_of(one)) for one in messages if one.name == CHARGE}
    texts = {one.id: key_of(one) for one in messages if one.name != CHARGE}
    charges = await rows.charges(uow, attempts.values())
    known = await rows.texts(uow, texts.values())
    return {
        **{id_: charges[key] for id_, key in attempts.items() if key in charges},
        **{id_: known[key] for id_, key in texts.items() if key in known},
    }


def foreign_queues(code: str, protocol: str, options: Mapping[str, Any]) -> frozenset[str]:
    """Name the queues of an operator that a program outside works on; texts where it sends any."""
    if protocol != BRIDGE:
        return frozenset()
    texts = {f"{code}_sms_requests"} if options.get("sms", True) else set()
    return frozenset({f"{code}_requests", *texts})


def receipt_of(record: WireRecord) -> OperatorReceipt:
    """Return what is kept of an answer."""
    return OperatorReceipt(token=record.token, code=record.error, raw_response=record.raw)


def outcome_of(
    record: WireRecord, terms: BridgeTerms, currency: Currency, *, asked: Money | None = None
) -> Reported:
    """Read how a charge ended.

    What is neither paid nor listed nor in error is declined, and accepted where the operator tells
    outcomes later. `asked` is what was to be charged; without it a paid answer has to name its
    price. Refuses what contradicts itself: money on a listed number.
    """
    receipt, listed = receipt_of(record), record.subscription_status
    if listed in (POSTPAID, BLACKLISTED):
        if record.paid:
            raise InvalidValue(f"a number that is {listed} is not charged, and this one was paid")
        return Postpaid(receipt) if listed == POSTPAID else Blacklisted(receipt)
    if record.paid:
        return Paid(receipt, _price(record, currency, asked))
    if terms.mode is ChargeMode.ASYNC and not record.error:
        return Accepted(receipt)
    reason = _reason(record.error, terms)
    return Declined(receipt, reason, retryable=reason not in _FINAL)


def _price(record: WireRecord, currency: Currency, asked: Money | None) -> Money:
    if record.price_minor:
        return Money(record.price_minor, currency)
    if asked is None:
        raise InvalidValue("a paid answer says its price")
    return asked


def _reason(error: str, terms: BridgeTerms) -> OperatorDecline:
    if error in terms.declines:
        return terms.declines[error]
    try:
        return OperatorDecline(error)
    except ValueError:
        return OperatorDecline.OTHER
