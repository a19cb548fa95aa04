"""The documented Record: one wide object that all programs around operators exchange.

Zero values are omitted, prices are whole minor units, times are RFC 3339, `operator_code` is MCC
and MNC in one number, and the typing error of `opertor_err` is on the wire for good. What Kazna
reads is read strictly, by its place; fields it does not know are passed over.
"""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from application.carrier.bridge import WireCharge, WireRecord, WireText
from application.carrier.load_retries import RetryRecord
from domain.carrier.operator import Operator
from domain.shared.errors import InvalidValue
from domain.shared.msisdn import Msisdn

# `$` alone would let a last line feed through; no NUL, because no column stores one.
_Word = Annotated[str, Meta(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
_Text = Annotated[str, Meta(max_length=2000, pattern=r"^[^\x00]*$")]
_Code = Annotated[str, Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
_Digits = Annotated[str, Meta(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
_Count = Annotated[int, Meta(ge=0, le=100_000)]
_Small = Annotated[int, Meta(ge=0, le=10**9)]
_Large = Annotated[int, Meta(ge=0, le=2**53)]
_Instant = Annotated[datetime, Meta(tz=True)]
# What some programs write where they have no time at all.
_FIRST_YEAR, _LAST_YEAR = 1970, 9000


class Record(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A charge, a text, an order or an answer; what is absent is empty, zero or false."""

    type: Annotated[str, Meta(pattern=r"^(injection|expired)?$(?!\n)")] = ""
    msisdn: _Digits = ""
    tid: _Word = ""
    result: _Word = ""
    subscription_status: _Word = ""
    operator_code: _Small = 0
    country_code: _Small = 0
    service_code: _Code = ""
    campaign_id: _Code = ""
    subscription_id: _Large = 0
    retry_id: _Large = 0
    sent_at: _Instant | None = None
    created_at: _Instant | None = None
    last_pay_attempt_at: _Instant | None = None
    attempts_count: _Count = 0
    operator_name: _Word = ""
    operator_token: Annotated[str, Meta(max_length=200, pattern=r"^[!-~]*$(?!\n)")] = ""
    opertor_err: _Word = ""
    paid: bool = False
    price: Annotated[int, Meta(ge=0, le=10**15)] = 0
    retry_days: _Count = 0
    delay_hours: _Count = 0
    paid_hours: _Count = 0
    trial_days: _Count = 0
    pixel: Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")] = ""
    publisher: _Word = ""
    sms_text: _Text = ""
    periodic: bool = False
    days: _Word = ""
    allowed_from: Annotated[int, Meta(ge=0, le=1439)] = 0
    allowed_to: Annotated[int, Meta(ge=0, le=1439)] = 0
    channel: _Word = ""
    outflow_reason: _Word = ""


class _RetryLine(Record, kw_only=True, frozen=True):
    """A Record that is a retry, with the fields without which it is none."""

    tid: Annotated[_Word, Meta(min_length=1)]
    msisdn: Annotated[_Digits, Meta(min_length=5)]
    operator_code: Annotated[int, Meta(ge=1)]
    service_code: Annotated[_Code, Meta(min_length=1)]
    price: Annotated[int, Meta(ge=1, le=10**15)]
    retry_days: Annotated[int, Meta(ge=1, le=100_000)]
    delay_hours: Annotated[int, Meta(ge=1, le=100_000)]
    created_at: _Instant
    last_pay_attempt_at: _Instant
    attempts_count: Annotated[int, Meta(ge=1, le=100_000)] = 1


def read_retry(text: bytes) -> RetryRecord:
    """Read a retry; raise ValueError with what is wrong, and where."""
    try:
        given = msgspec.json.decode(text, type=_RetryLine)
        msisdn = Msisdn(given.msisdn.removeprefix("+"))
        created_at = given.created_at.astimezone(UTC)
        last_pay_attempt_at = given.last_pay_attempt_at.astimezone(UTC)
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidValue, OverflowError) as error:
        raise ValueError(str(error)) from None
    return RetryRecord(
        tid=given.tid,
        msisdn=msisdn,
        operator_code=given.operator_code,
        service_code=given.service_code,
        wire_id=given.subscription_id or None,
        price_minor=given.price,
        retry_days=given.retry_days,
        delay_hours=given.delay_hours,
        attempts=given.attempts_count,
        created_at=created_at,
        last_pay_attempt_at=last_pay_attempt_at,
    )


def read_record(given: Record, operator: Operator) -> WireRecord:
    """Read what a program of an operator says; refuse what is about another operator."""
    if given.operator_code not in (0, operator.wire_id):
        raise InvalidValue(f"operator_code is {operator.wire_id} here, or absent")
    return WireRecord(
        # Country code first: a number without one would be taken for another country's.
        msisdn=Msisdn(given.msisdn.removeprefix("+")) if given.msisdn else None,
        service_code=given.service_code,
        campaign_code=given.campaign_id,
        tid=given.tid,
        token=given.operator_token,
        error=given.opertor_err,
        paid=given.paid,
        subscription_status=given.subscription_status,
        price_minor=given.price,
        text=given.sms_text,
        said_at=_instant(given.sent_at) or _instant(given.created_at),
        channel=given.channel,
        pixel=given.pixel,
        publisher=given.publisher,
        reason=given.outflow_reason,
        raw=msgspec.json.encode(given).decode(),
    )


def charge_record(charge: WireCharge, operator: Operator, now: datetime) -> Record:
    """Write a charge; `operator_token` is ours, the same for every delivery of it."""
    first = charge.occasion == "mo"
    return Record(
        type=charge.occasion if charge.occasion in ("injection", "expired") else "",
        msisdn=charge.msisdn.digits,
        tid=charge.tid,
        operator_code=operator.wire_id,
        country_code=int(operator.country_code),
        operator_name=operator.code,
        service_code=charge.service_code,
        campaign_id=charge.campaign_code or "",
        subscription_id=charge.wire_id or 0,
        retry_id=charge.wire_id or 0 if charge.occasion == "retry" else 0,
        sent_at=now,
        created_at=charge.ordered_at,
        last_pay_attempt_at=charge.last_attempt_at,
        attempts_count=0 if first else max(1, charge.earlier_attempts),
        operator_token=str(charge.attempt_id),
        price=charge.money.amount_minor,
        retry_days=charge.retry_days,
        delay_hours=charge.delay_hours,
        periodic=charge.periodic,
        days=msgspec.json.encode(charge.days).decode() if charge.days else "",
        allowed_from=charge.allowed_from,
        allowed_to=charge.allowed_to,
        pixel=charge.pixel or "",
        publisher=charge.publisher or "",
    )


def text_record(text: WireText, operator: Operator, now: datetime) -> Record:
    """Write a text; `operator_token` is ours, the same for every delivery of it."""
    return Record(
        msisdn=text.msisdn.digits,
        tid=text.tid,
        operator_code=operator.wire_id,
        country_code=int(operator.country_code),
        operator_name=operator.code,
        service_code=text.service_code,
        subscription_id=text.wire_id,
        sent_at=now,
        operator_token=str(text.sms_id),
        sms_text=text.body,
    )


def _instant(given: datetime | None) -> datetime | None:
    if given is None or not _FIRST_YEAR <= given.year <= _LAST_YEAR:
        return None
    return given.astimezone(UTC)
