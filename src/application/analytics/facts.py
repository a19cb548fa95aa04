"""What events of the feed say to analytics."""

from datetime import UTC, date, datetime
from uuid import UUID

from application.analytics.ports import Told
from application.errors import ApplicationError
from domain.analytics.facts import DayEnded, Fact, Moved

_OPERATION, _DAY = "OperationPosted", "DayClosed"
_KNOWN = {_OPERATION: 1, _DAY: 1}


class UnreadableEvent(ApplicationError):
    """An event that counts cannot be read: the reading stops before it until the code can.

    To pass it by would leave sums wrong for ever, and nobody would see it.
    """

    code = "unreadable_event"


def fact_of(event: Told) -> Fact | None:
    """Return the fact an event tells, None where it is none that counts.

    Raises UnreadableEvent for a version that is newer than this code, or fields that are missing.
    """
    known = _KNOWN.get(event.name)
    if known is None or event.recorded_at is None:
        return None
    if event.version != known:
        raise UnreadableEvent(f"{event.name} v{event.version} at {event.place} is not known yet")
    try:
        return _day(event) if event.name == _DAY else _moved(event)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableEvent(f"{event.name} at {event.place}: {error!r}") from error


def _day(event: Told) -> DayEnded:
    return DayEnded(date.fromisoformat(event.data["day"]))


def _moved(event: Told) -> Moved:
    data = event.data
    task = data["task_id"]
    return Moved(
        operation_id=UUID(data["operation_id"]),
        kind=str(data["kind"]),
        reverses_kind=data.get("reverses_kind"),
        person_id=UUID(data["person_id"]),
        amount_minor=int(data["amount_minor"]),
        currency=str(data["currency"]),
        task_id=UUID(task) if task else None,
        value_date=date.fromisoformat(data["value_date"]),
        posting_date=date.fromisoformat(data["posting_date"]),
        occurred_at=datetime.fromisoformat(data["occurred_at"]).astimezone(UTC),
        wallet_seq=int(data["wallet_seq"]),
        balance_after_minor=int(data["balance_after_minor"]),
    )
