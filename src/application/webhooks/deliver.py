"""Carry deliveries out: signed, to the endpoint, one after another for the events of an aggregate.

Nothing is open while an endpoint is called. What came of it is written down together with the end
of the message; a process that dies in between has told the event once more than it knows, under the
same `webhook-id`.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never
from uuid import UUID

from application.ports import (
    Clock,
    Done,
    Entropy,
    Failed,
    Later,
    Message,
    Metrics,
    UnitOfWork,
    UnitsOfWork,
)
from application.webhooks.ports import (
    Answered,
    Courier,
    Deliveries,
    Endpoints,
    NoAnswer,
    Outgoing,
    Reply,
    Resting,
    Result,
    SecretBox,
    SecretUnreadable,
    message_of,
)
from domain.shared.facts import Cause, Event
from domain.webhooks import endpoint as moves
from domain.webhooks.endpoint import Disabled, Endpoint
from domain.webhooks.signature import headers_of
from domain.webhooks.tries import wait_after

_LOG = logging.getLogger("kazna.webhooks")
_GONE = 410


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a delivery; None where it was not tried: it is behind another, or unwanted."""

    outgoing: Outgoing
    reply: Reply | None


@dataclass(frozen=True, slots=True)
class DeliverWebhooks:
    """Handle `webhooks.deliver.v1` of `webhooks`: `{delivery_id}` each.

    `clock` says when to try again, `wall` what receivers hold the time of sending against.
    """

    units_of_work: UnitsOfWork[UnitOfWork]
    endpoints: Endpoints[Any]
    deliveries: Deliveries[Any]
    courier: Courier
    box: SecretBox
    clock: Clock
    wall: Clock
    entropy: Entropy
    metrics: Metrics

    async def call(self, batch: Sequence[Message]) -> Sequence[Told | Done | Failed | Later]:
        """Call the endpoints side by side; whatever is not on its way any more is left alone."""
        ids = [UUID(message.payload["delivery_id"]) for message in batch]
        async with self.units_of_work() as uow:
            found = {one.id: one for one in await self.deliveries.load(uow, ids)}
            secrets = await self.endpoints.secrets(
                uow, {one.endpoint_id for one in found.values()}, self.clock.now()
            )
        return await asyncio.gather(*(self._told(found.get(key), secrets) for key in ids))

    async def record(self, uow: UnitOfWork, batch: Sequence[tuple[Message, Told]]) -> None:
        """Write down what came of it, and what that means for the endpoints and who waits."""
        told = [one for _, one in batch]
        now = self.clock.now()
        before = await self.endpoints.lock(uow, {one.outgoing.endpoint_id for one in told})
        after, events = _moved(before, told, now)
        results = [self._result(one, now) for one in told]
        await self.deliveries.write(uow, results)
        await self.endpoints.save(uow, [one for key, one in after.items() if one != before[key]])
        for one in after.values():
            if isinstance(one.state, Disabled):
                await self.deliveries.give_up(uow, one.id, f"the endpoint is off: {one.state.why}")
        settled = [one.id for one in results if one.status in ("delivered", "failed")]
        uow.messages.add(message_of(one) for one in await self.deliveries.release(uow, settled))
        uow.events.record(_cause(batch[0][0]), events)
        self._tell(results, events)

    async def _told(
        self, outgoing: Outgoing | None, secrets: Mapping[UUID, Sequence[str]]
    ) -> Told | Done:
        if outgoing is None:
            return Done()
        if outgoing.is_behind or not outgoing.is_wanted or outgoing.body is None:
            return Told(outgoing, None)
        try:
            opened = [self.box.open(one) for one in secrets.get(outgoing.endpoint_id, ())]
        except SecretUnreadable as error:
            return Told(outgoing, NoAnswer(str(error)))
        headers = headers_of(
            opened, outgoing.event_id, int(self.wall.now().timestamp()), outgoing.body
        )
        reply = await self.courier.deliver(
            outgoing.endpoint_id, outgoing.url, headers, outgoing.body
        )
        return Told(outgoing, reply)

    def _result(self, told: Told, now: datetime) -> Result:
        one = told.outgoing
        match told.reply:
            case None:
                return _untried(one)
            case Resting(seconds):
                wait = timedelta(seconds=seconds * (1 + self.entropy.fraction()))
                return Result(
                    id=one.id,
                    status="waiting",
                    next_try_at=now + wait,
                    why="nobody answered there lately",
                )
            case Answered() as reply if _is_good(reply):
                return Result(id=one.id, status="delivered", reply=reply)
            case Answered(code) as reply:
                return self._failed(one, reply, f"it answered {code}", now)
            case NoAnswer(why) as reply:
                return self._failed(one, reply, why, now)
            case _:
                assert_never(told.reply)

    def _failed(self, one: Outgoing, reply: Answered | NoAnswer, why: str, now: datetime) -> Result:
        wait = wait_after(one.tries + 1, self.entropy.fraction())
        if wait is None:
            return Result(id=one.id, status="failed", reply=reply, why=why)
        return Result(id=one.id, status="waiting", reply=reply, next_try_at=now + wait, why=why)

    def _tell(self, results: Sequence[Result], events: Sequence[Event]) -> None:
        for one in results:
            if one.reply is not None:
                result = "delivered" if one.status == "delivered" else "refused"
                self.metrics.count("webhook_tries", result=result)
        for event in events:
            _LOG.error("a webhook endpoint was switched off: %s", event)


def _untried(one: Outgoing) -> Result:
    if one.body is None:
        return Result(id=one.id, status="failed", why="the event is not there any more")
    if not one.is_wanted:
        return Result(id=one.id, status="failed", why="the endpoint is off")
    return Result(id=one.id, status="held", why="an earlier event of its aggregate is not told yet")


def _moved(
    before: Mapping[UUID, Endpoint], told: Sequence[Told], now: datetime
) -> tuple[dict[UUID, Endpoint], list[Event]]:
    """Move endpoints by what they answered, in the order of the messages."""
    after = dict(before)
    events: list[Event] = []
    for one in told:
        key = one.outgoing.endpoint_id
        match one.reply:
            case None | Resting():
                continue
            case Answered(code=code) if code == _GONE:
                after[key], more = moves.gone(after[key], now)
            case Answered() as reply if _is_good(reply):
                after[key], more = moves.answered(after[key]), []
            case Answered() | NoAnswer():
                after[key], more = moves.failed(after[key], now)
            case _:
                assert_never(one.reply)
        events += more
    return after, events


def _is_good(reply: Answered) -> bool:
    return 200 <= reply.code < 300


def _cause(message: Message) -> Cause:
    return Cause(
        actor="gateway:webhooks",
        reason="what the endpoint answered",
        correlation_id=UUID(message.payload["delivery_id"]),
    )
