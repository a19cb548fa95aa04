"""On which days and in which minutes an operator's subscribers may be charged.

Days and minutes are local to the operator: a window keeps its place on the wall clock across
daylight saving. Of an hour that a change skips, the same stretch after the change is meant; of an
hour that comes twice, the first.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.shared.calendar import business_day, start_of_day
from domain.shared.errors import InvalidValue

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ANY, WEEKLY = "any", "weekly"
_LAST_MINUTE = 24 * 60 - 1
# Every rule there is comes true within a week; the second one covers days a zone has skipped.
_HORIZON_DAYS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeDays:
    """`days` names weekdays, `any` for every day, `weekly` for the weekday it all began on.

    No day at all means never. `allowed_from` and `allowed_to` are minutes of the local day, both
    inclusive.
    """

    days: tuple[str, ...] = (ANY,)
    allowed_from: int = 0
    allowed_to: int = _LAST_MINUTE

    def __post_init__(self) -> None:
        known = {*WEEKDAYS, ANY, WEEKLY}
        if wrong := [day for day in self.days if day not in known]:
            raise InvalidValue(f"{wrong[0]!r} is no day; there are {', '.join(sorted(known))}")
        if not 0 <= self.allowed_from <= self.allowed_to <= _LAST_MINUTE:
            raise InvalidValue(
                "charging is allowed from one minute of the day to a later one, 0 to 1439"
            )

    @property
    def never(self) -> bool:
        """Tell whether nothing is ever charged by the calendar."""
        return not self.days

    def allows(self, day: date, began: date) -> bool:
        """Tell whether a local day is one to charge on."""
        if ANY in self.days or WEEKDAYS[day.weekday()] in self.days:
            return True
        return WEEKLY in self.days and day.weekday() == began.weekday()

    def next_day(self, after: datetime, began: date, zone: ZoneInfo) -> datetime:
        """Return the first instant of the next local day to charge on, strictly later."""
        today = business_day(after, zone)
        for ahead in range(1, _HORIZON_DAYS):
            day = today + timedelta(days=ahead)
            if self.allows(day, began):
                return start_of_day(day, zone)
        raise InvalidValue("there is no day to charge on")

    def opening(self, at: datetime, began: date | None, zone: ZoneInfo) -> datetime:
        """Return the first instant from `at` on that lies in the window of a day to charge on.

        Without `began` every day will do: a retry keeps to the hours, not to the days.
        """
        today = business_day(at, zone)
        for ahead in range(_HORIZON_DAYS):
            day = today + timedelta(days=ahead)
            if began is not None and not self.allows(day, began):
                continue
            opens = _instant(day, self.allowed_from, zone)
            closes = _instant(day, self.allowed_to, zone) + timedelta(minutes=1)
            if at < closes:
                return max(at, opens)
        raise InvalidValue("there is no day to charge on")


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(*divmod(minute, 60)), tzinfo=zone).astimezone(UTC)
