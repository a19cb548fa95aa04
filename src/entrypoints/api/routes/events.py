"""Events: the feed of all of them, and the door for those of a partner's tracker.

Whoever comes through the door has signed.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from adapters.security.seal import Seal, SealBroken
from application.identity.access import PUBLIC, Forbidden
from application.ports import JsonObject
from entrypoints.api.answers import events as answers
from entrypoints.api.commands import in_transaction
from entrypoints.api.contract import serves
from entrypoints.api.doors import headers_of
from entrypoints.api.problems import BadRequest
from entrypoints.container import Container

Http = Request[Any, Any, Any]
PATH = "/api/v1/events"
_WINDOW = timedelta(minutes=5)
_MOST = 500
Many = Annotated[int, QueryParameter(ge=1, le=500, description="events of a page")]
Place = Annotated[str | None, QueryParameter(pattern=r"^[0-9]{1,19}\.[0-9]{1,19}$(?!\n)")]


class Events(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tracker sends: its events, in whatever order."""

    events: list[dict[str, Any]]


def doors(house: Container) -> list[HTTPRouteHandler]:
    """Return the route that trackers call."""
    clock, open_uow = house.clock(), house.open_uow()
    partners: Mapping[str, str] = house.settings().event_partners or {}
    seals = {name: Seal([secret], _WINDOW) for name, secret in partners.items()}
    # A stranger is checked like a partner, so that nobody learns who is one.
    nobody = Seal(["-" * 32], timedelta(0))

    @post(PATH, **serves(answers.TakenEvents, PUBLIC))
    async def events(request: Http) -> answers.TakenEvents:
        """Take events of tasks, signed by the partner that sends them; each once.

        Headers: `X-Partner`, `X-Timestamp` (seconds since 1970) and `X-Signature`
        (`v1=` and HMAC-SHA256 of timestamp, a dot and the body, in hex). One event that is wrong
        is named in the answer, and does not keep the others out.
        """
        body, headers = await request.body(), headers_of(request)
        partner = headers.get("x-partner", "")
        try:
            seals.get(partner, nobody).check(headers, body, clock.now())
        except SealBroken as error:
            raise Forbidden(f"the events are not trusted: {error}") from None
        given = _read(body)
        taking = house.exchange().take_events

        async def work(uow: Any) -> JsonObject:
            taken = await taking.within(uow, partner, given)
            return {
                "accepted": taken.accepted,
                "repeated": taken.repeated,
                "refused": [
                    {"place": one.place, "event_id": one.event_id, "why": one.why}
                    for one in taken.refused
                ],
            }

        return answers.TakenEvents(**await in_transaction(open_uow, work))

    return [events]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the route of the feed."""
    reading = house.feed()

    @get("/events", **serves(answers.Feed, "events:read"))
    async def feed(after: Place = None, limit: Many = 100) -> JsonObject:
        """Everything that happened, in an order that never changes, from a place on.

        Keep `after` of the answer and ask with it again; nothing is ever told before a place that
        was given out. Events are delivered at least once to whoever keeps the place after the work.
        """
        events, place = await reading.page(after, limit)
        return {"events": events, "after": place}

    return [feed]


def _read(body: bytes) -> list[dict[str, Any]]:
    try:
        given = msgspec.json.decode(body, type=Events).events
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body cannot be read: {error}") from None
    if not 1 <= len(given) <= _MOST:
        raise BadRequest(f"a request brings 1 to {_MOST} events, not {len(given)}")
    return given
