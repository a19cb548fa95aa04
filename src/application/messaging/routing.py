"""Sort a batch by the handlers that will carry it out."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from application.messaging.ports import Handlers
from application.ports import LocalHandler, Message, RemoteHandler
from application.queues import Kind, QueueSpec

Strangers = Sequence[tuple[Message, str]]


def is_remote(
    handler: LocalHandler[Any] | RemoteHandler[Any, Any],
) -> TypeGuard[RemoteHandler[Any, Any]]:
    """Tell whether a handler calls the outside world."""
    return hasattr(handler, "call") and hasattr(handler, "record")


def sorted_by_name(
    spec: QueueSpec, handlers: Handlers, batch: Sequence[Message]
) -> tuple[Mapping[str, list[Message]], Strangers]:
    """Part a batch into groups of one name, and messages nobody can carry out, with the reason."""
    groups: dict[str, list[Message]] = {}
    strangers: list[tuple[Message, str]] = []
    for message in batch:
        why = _why_not(spec, handlers, message)
        if why:
            strangers.append((message, why))
        else:
            groups.setdefault(message.name, []).append(message)
    return groups, strangers


def _why_not(spec: QueueSpec, handlers: Handlers, message: Message) -> str | None:
    handler = handlers.get(message.name)
    if handler is None:
        return f"this version has no handler for {message.name}"
    if is_remote(handler) is (spec.kind is Kind.LOCAL):
        return f"the handler of {message.name} does not fit the {spec.kind} queue {spec.name}"
    return None
