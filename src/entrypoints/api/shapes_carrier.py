"""The bodies of the carrier's routes."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, field

from entrypoints.api.shapes import Address, Body, Code, CurrencyCode, Line, Text

Written = Annotated[str, Meta(min_length=5, max_length=40, description="a number as it is written")]
OperatorCode = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$(?!\n)")]
Digits = Annotated[str, Meta(pattern=r"^[0-9]{1,15}$(?!\n)")]
Count = Annotated[int, Meta(ge=0, le=100_000)]
Minute = Annotated[int, Meta(ge=0, le=1439)]
MaybeCap = Annotated[int, Meta(ge=0, le=10**15)] | None


class NewOrder(Body, kw_only=True, frozen=True):
    """An order of a number, taken by a partner; `event_id` makes a repeat of it a no-op.

    `said_at`, `source` and `text` are the evidence that the subscriber agreed.
    """

    event_id: Line
    msisdn: Written
    service_code: Code | None = None
    campaign: Code | None = None
    keyword: Line | None = None
    source: Line
    said_at: datetime
    text: Text = ""
    pixel: Annotated[str, Meta(max_length=500)] | None = None
    publisher: Line | None = None


class StopOrder(Body, kw_only=True, frozen=True):
    """A number wants a service to end; without one, all of this operator's."""

    msisdn: Written
    service_code: Code | None = None
    reason: Line = "stopped by the subscriber"


class PurgeOrder(Body, kw_only=True, frozen=True):
    """Everything a number has is to end."""

    msisdn: Written
    country_code: Digits
    reason: Line = "purge request"


class NewCaps(Body, kw_only=True, frozen=True):
    """The most a number may be charged; null is no limit."""

    per_charge_minor: MaybeCap = None
    per_day_minor: MaybeCap = None
    per_month_minor: MaybeCap = None
    per_day_charges: MaybeCap = None
    per_month_charges: MaybeCap = None


class NewOperator(Body, kw_only=True, frozen=True):
    """An operator: its protocol, its place and its limits. Secrets are no part of this."""

    wire_id: Annotated[int, Meta(ge=1, le=10**9, description="MCC and MNC in one number")]
    name: Line
    country_code: Digits
    country_name: Line
    currency: CurrencyCode
    time_zone: Line
    protocol: Code
    base_url: Address | None = None
    prefixes: Annotated[list[Digits], Meta(max_length=200)] = field(default_factory=list)
    timeout_seconds: Annotated[float, Meta(gt=0, le=45)] = 20.0
    requests_per_second: Annotated[float, Meta(gt=0, le=10_000)] = 15.0
    burst: Annotated[int, Meta(ge=1, le=100_000)] = 30
    queue_free_size: Annotated[int, Meta(ge=1, le=1_000_000)] = 2500
    caps: NewCaps = field(default_factory=NewCaps)
    options: dict[str, Any] = field(default_factory=dict)
    is_active: bool = True


class NewPolicy(Body, kw_only=True, frozen=True):
    """How a service is charged; see the glossary for each word."""

    periodic: bool = True
    days: Annotated[list[Line], Meta(max_length=9)] = field(default_factory=lambda: ["any"])
    allowed_from: Minute = 0
    allowed_to: Minute = 1439
    delay_hours: Count = 24
    retry_days: Count = 10
    paid_hours: Count = 0
    trial_days: Count = 0
    purge_after_days: Count = 0
    inactive_days: Count = 0
    grace_days: Count = 0
    minimal_touch_times: Count = 0
    pixel_on: Annotated[str, Meta(pattern=r"^(paid|any_answer)$(?!\n)")] = "paid"
    broadcast_at: Minute = 480


class NewTexts(Body, kw_only=True, frozen=True):
    """What subscribers are told by SMS; an empty text is not sent."""

    on_subscribe: Text = ""
    on_content: Text = ""
    on_unsubscribe: Text = ""
    on_rejected: Text = ""
    on_blacklisted: Text = ""
    on_postpaid: Text = ""
    on_charged: Text = ""
    on_not_paid: Text = ""
    of_the_day: Text = ""


class ServiceTerms(Body, kw_only=True, frozen=True):
    """A service of an operator; its price is the plan's in the operator's currency."""

    name: Line
    plan_id: UUID
    policy: NewPolicy = field(default_factory=NewPolicy)
    texts: NewTexts = field(default_factory=NewTexts)
    content_url: Address | None = None
    is_active: bool = True


class TextOfTheDay(Body, kw_only=True, frozen=True):
    """What the subscribers of a service are sent on one day."""

    text: Text


class NewCampaign(Body, kw_only=True, frozen=True):
    """Where orders of a service come from."""

    operator: OperatorCode
    service_code: Code
    keyword: Line | None = None
    is_active: bool = True


class NumbersOfList(Body, kw_only=True, frozen=True):
    """Numbers to put on a list, or to take off it."""

    country_code: Digits
    numbers: Annotated[list[Written], Meta(min_length=1, max_length=1000)]
    reason: Line = "by hand"


class Assignment(Body, kw_only=True, frozen=True):
    """Whom a report was about."""

    subscription_id: UUID
    note: Line


class Note(Body, kw_only=True, frozen=True):
    """Why a report ends like this."""

    note: Line
