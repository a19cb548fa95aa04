"""What an operator's subscribers can order, and by which rules it is charged."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.shared.errors import InvalidValue
from domain.shared.ids import PlanId


class PixelOn(StrEnum):
    """After which first answer of the operator a postback is ordered."""

    PAID = "paid"
    ANY_ANSWER = "any_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePolicy:
    """How a service is charged; the calendar part is copied to the subscription at the order.

    `days`, `allowed_from` and `allowed_to` are those of `ChargeDays`. `paid_hours` is how long
    after a paid charge the same order is refused although nothing is live any more. From the
    minute `broadcast_at` of its day an operator that charges by itself is given the text of the
    day. The purge rules are in `domain/carrier/purge.py`.
    """

    periodic: bool = True
    days: tuple[str, ...] = ("any",)
    allowed_from: int = 0
    allowed_to: int = 24 * 60 - 1
    delay_hours: int = 24
    retry_days: int = 10
    paid_hours: int = 0
    trial_days: int = 0
    purge_after_days: int = 0
    inactive_days: int = 0
    grace_days: int = 0
    minimal_touch_times: int = 0
    pixel_on: PixelOn = PixelOn.PAID
    broadcast_at: int = 8 * 60

    def __post_init__(self) -> None:
        hours_and_days = (
            self.delay_hours,
            self.retry_days,
            self.paid_hours,
            self.trial_days,
            self.purge_after_days,
            self.inactive_days,
            self.grace_days,
            self.minimal_touch_times,
        )
        if any(not 0 <= number <= 100_000 for number in hours_and_days):
            raise InvalidValue("hours, days and times of a policy are from 0 to 100000")
        if not 0 <= self.broadcast_at < 24 * 60:
            raise InvalidValue("a text of the day goes out at a minute of the day, 0 to 1439")
        if (self.delay_hours > 0) != (self.retry_days > 0):
            raise InvalidValue("retries need both delay_hours and retry_days; 0 and 0 for none")

    @property
    def purges(self) -> bool:
        """Tell whether there is a purge policy at all."""
        return self.inactive_days > 0 or self.grace_days > 0 or self.minimal_touch_times > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What subscribers are told by SMS, by occasion; an empty text is not sent.

    `on_content` holds `%s` where the link goes. `of_the_day` goes to all subscribers at once, by
    operators that charge by themselves, on days nobody wrote another text for.
    """

    on_subscribe: str = ""
    on_content: str = ""
    on_unsubscribe: str = ""
    on_rejected: str = ""
    on_blacklisted: str = ""
    on_postpaid: str = ""
    on_charged: str = ""
    on_not_paid: str = ""
    of_the_day: str = ""

    def __post_init__(self) -> None:
        if self.on_content and self.on_content.count("%s") != 1:
            raise InvalidValue("the text on content holds %s exactly once, where the link goes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of one operator; its price is the plan's in the operator's currency."""

    id: UUID
    operator: str
    code: str
    name: str
    plan_id: PlanId
    policy: ServicePolicy
    texts: Texts
    content_url: str = ""
    is_active: bool = True
    created_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Where orders of a service come from; subscribers order it by SMS with its keyword."""

    code: str
    service_id: UUID
    operator: str
    keyword: str | None = None
    is_active: bool = True
    created_at: datetime
