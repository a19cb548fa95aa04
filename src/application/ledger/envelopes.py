"""Events of tasks as they come in: an envelope that anybody may have written, read strictly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from application.ports import JsonObject
from domain.ledger.task_accounts import Assigned, Completed, Created, Details, Fact
from domain.shared.errors import InvalidValue

Upcast = Callable[[Mapping[str, Any], int], Mapping[str, Any]]
_LONGEST_TEXT = 20_000
_MOST = 2**31 - 1
_LONGEST_NAME, _MOST_PARTITIONS = 200, 4096


@dataclass(frozen=True, slots=True)
class Heard:
    """A fact with the envelope it came in."""

    event_id: UUID
    fact: Fact
    occurred_at: datetime
    version: int
    envelope: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOver:
    """A tracker says that everything of a day, in a part of it, was told before."""

    event_id: UUID
    producer: str
    day: date
    partition: int
    partition_count: int
    envelope: JsonObject


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An envelope that says nothing the books understand."""

    event_id: UUID
    task_id: UUID | None
    why: str
    envelope: JsonObject


def read_envelope(
    envelope: JsonObject, event_id: UUID, upcast: Upcast
) -> Heard | DayOver | Unreadable:
    """Read one; `event_id` names it where it does not name itself."""
    if _holds_nul(envelope):
        return Unreadable(event_id, None, "an event has no NUL character anywhere", {})
    try:
        named = _uuid(envelope, "event_id")
    except ValueError as error:
        return Unreadable(event_id, None, str(error), envelope)
    try:
        if envelope.get("event_name") == "DayMarker":
            return _day_over(envelope, named)
        return _heard(envelope, named, upcast)
    except (ValueError, InvalidValue) as error:
        return Unreadable(named, _task_of(envelope), str(error), envelope)


def _heard(envelope: JsonObject, event_id: UUID, upcast: Upcast) -> Heard:
    name, version = envelope.get("event_name"), envelope.get("event_version")
    if type(version) is not int:
        raise ValueError("event_version is a whole number")
    data = envelope.get("data")
    if not isinstance(data, Mapping):
        raise ValueError("data is an object")
    data = upcast(data, version)
    occurred_at = _instant(envelope, "occurred_at")
    count = _count(envelope, "aggregate_version")
    task_id, details = _uuid(data, "task_id"), _details(data, count)
    fact: Fact
    match name:
        case "TaskCreated":
            fact = Created(task_id=task_id, details=details)
        case "TaskAssigned":
            fact = Assigned(
                task_id=task_id,
                assignation_id=_uuid(data, "assignation_id"),
                assignment_no=_count(data, "assignment_no"),
                assignee_id=_uuid(data, "assignee_id"),
                previous_assignee_id=_maybe_uuid(data, "previous_assignee_id"),
                occurred_at=occurred_at,
                details=details,
            )
        case "TaskCompleted":
            fact = Completed(
                task_id=task_id,
                completed_by=_uuid(data, "completed_by"),
                assignment_no=_count(data, "assignment_no"),
                occurred_at=occurred_at,
                details=details,
            )
        case _:
            raise ValueError(f"the books know no event {str(name)[:60]!r}")
    return Heard(event_id, fact, occurred_at, count, envelope)


def _day_over(envelope: JsonObject, event_id: UUID) -> DayOver:
    data, producer = envelope.get("data"), envelope.get("producer")
    if envelope.get("event_version") != 1 or not isinstance(data, Mapping):
        raise ValueError("a DayMarker has version 1, and data")
    if not isinstance(producer, str) or not 1 <= len(producer) <= _LONGEST_NAME:
        raise ValueError(f"producer is text of 1 to {_LONGEST_NAME} characters")
    _instant(envelope, "occurred_at")
    count, partition = _count(data, "partition_count"), data.get("partition")
    if type(partition) is not int or not 0 <= partition < count <= _MOST_PARTITIONS:
        raise ValueError("partition counts from 0 up to partition_count")
    try:
        day = date.fromisoformat(data["day"])
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError("day is a date like 2026-03-01") from error
    return DayOver(
        event_id=event_id,
        producer=producer,
        day=day,
        partition=partition,
        partition_count=count,
        envelope=envelope,
    )


def _details(data: Mapping[str, Any], version: int) -> Details:
    return Details(
        version=version,
        title=_text(data, "title") or "",
        jira_id=_text(data, "jira_id"),
        description=_text(data, "description"),
        author_id=_maybe_uuid(data, "author_id"),
    )


def _uuid(data: Mapping[str, Any], name: str) -> UUID:
    try:
        return UUID(data[name])
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"{name} is a UUID") from error


def _maybe_uuid(data: Mapping[str, Any], name: str) -> UUID | None:
    return None if data.get(name) is None else _uuid(data, name)


def _task_of(envelope: JsonObject) -> UUID | None:
    data = envelope.get("data")
    try:
        return _uuid(data, "task_id") if isinstance(data, Mapping) else None
    except ValueError:
        return None


def _count(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    if type(value) is not int or not 1 <= value <= _MOST:
        raise ValueError(f"{name} is a whole number from 1 on")
    return value


def _text(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or "\x00" in value:
        raise ValueError(f"{name} is text of at most {_LONGEST_TEXT} characters")
    return value


def _holds_nul(value: object) -> bool:
    """Tell whether a character is anywhere in it that no text of the database may hold."""
    match value:
        case str():
            return "\x00" in value
        case Mapping():
            return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
        case list():
            return any(map(_holds_nul, value))
        case _:
            return False


def _instant(data: Mapping[str, Any], name: str) -> datetime:
    try:
        read = datetime.fromisoformat(data[name])
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError(f"{name} is an instant like 2026-03-01T12:00:00Z") from error
    if read.tzinfo is None or not 1990 <= read.year <= 2200:
        raise ValueError(f"{name} is an instant with an offset, of a year somebody works in")
    return read.astimezone(UTC)
