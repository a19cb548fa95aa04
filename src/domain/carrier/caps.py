"""How much room the caps leave for one more charge of a number."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.carrier.operator import SpendCaps
from domain.shared.calendar import business_day, start_of_day, start_of_tomorrow


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a number was charged, and is being charged, in the local day and month."""

    day_minor: int = 0
    day_charges: int = 0
    month_minor: int = 0
    month_charges: int = 0


def day_and_month(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when the local day and month began."""
    today = business_day(now, zone)
    return start_of_day(today, zone), start_of_day(today.replace(day=1), zone)


def allowed_from(
    caps: SpendCaps, spent: Spent, amount_minor: int, *, now: datetime, zone: ZoneInfo
) -> datetime | None:
    """Return from when on the charge fits under the caps: now, or a later day or month.

    None where it never does: the amount alone is over a cap.
    """
    amounts = (caps.per_charge_minor, caps.per_day_minor, caps.per_month_minor)
    if any(cap is not None and amount_minor > cap for cap in amounts):
        return None
    if any(cap is not None and cap < 1 for cap in (caps.per_day_charges, caps.per_month_charges)):
        return None
    if _over(spent.month_minor + amount_minor, caps.per_month_minor) or _over(
        spent.month_charges + 1, caps.per_month_charges
    ):
        first = business_day(now, zone).replace(day=1)
        return start_of_day((first + timedelta(days=32)).replace(day=1), zone)
    if _over(spent.day_minor + amount_minor, caps.per_day_minor) or _over(
        spent.day_charges + 1, caps.per_day_charges
    ):
        return start_of_tomorrow(now, zone)
    return now


def _over(total: int, cap: int | None) -> bool:
    return cap is not None and total > cap
