"""Lists, newest first, paged by the id of an object, so that new ones shift nothing."""

from typing import Any, Final

import msgspec

from entrypoints.sandbox.stripe import forms, objects
from entrypoints.sandbox.stripe.call import Call
from entrypoints.sandbox.stripe.errors import invalid
from entrypoints.sandbox.stripe.objects import Shown
from entrypoints.sandbox.stripe.platform import Platform

_GREATEST_LIMIT: Final = 100
_OF_INTENTS: Final = frozenset({"checkout.session", "charge", "refund"})


class Created(msgspec.Struct, forbid_unknown_fields=True):
    """Bounds of the moment of creation, in seconds since 1970."""

    gt: int | None = None
    gte: int | None = None
    lt: int | None = None
    lte: int | None = None


class Query(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which objects are wanted."""

    created: Created = msgspec.field(default_factory=Created)
    limit: int = 10
    starting_after: str | None = None
    payment_intent: str | None = None
    type: str | None = None
    expand: list[str] = []


def page(platform: Platform, kind: str, call: Call) -> tuple[Shown, list[str]]:
    """Return a page of one kind of object, and what is to be expanded in it."""
    asked = forms.convert(Query, call.query)
    if not 1 <= asked.limit <= _GREATEST_LIMIT:
        raise invalid(f"Limit must be from 1 to {_GREATEST_LIMIT}", "limit")
    where, values = _where(platform, kind, asked)
    rows = platform.store.all(
        f"SELECT body FROM document WHERE {' AND '.join(where)} "  # noqa: S608
        "ORDER BY number DESC LIMIT ?",
        *values,
        asked.limit + 1,
    )
    shown = {
        "object": "list",
        "url": f"/v1/{call.object_id}",
        "has_more": len(rows) > asked.limit,
        "data": [msgspec.json.decode(row[0]) for row in rows[: asked.limit]],
    }
    return shown, asked.expand


def _where(platform: Platform, kind: str, asked: Query) -> tuple[list[str], list[Any]]:
    where: list[str] = ["kind = ?"]
    values: list[Any] = [kind]
    created = asked.created
    # Objects are made in whole seconds, as far as anybody can see.
    for operator, bound in (
        (">=", created.gte),
        ("<", None if created.lte is None else created.lte + 1),
        (">=", None if created.gt is None else created.gt + 1),
        ("<", created.lt),
    ):
        if bound is not None:
            where.append(f"created_ms {operator} ?")
            values.append(bound * 1000)
    if asked.payment_intent is not None:
        if kind not in _OF_INTENTS:
            raise invalid("Received unknown parameter: payment_intent", "payment_intent")
        where.append("intent = ?")
        values.append(asked.payment_intent)
    if asked.starting_after is not None:
        where.append("number < ?")
        values.append(objects.get(platform.store, kind, asked.starting_after).number)
    return where, values
