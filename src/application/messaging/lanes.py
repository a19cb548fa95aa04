"""Drain queues: batch after batch while there is work, a few batches of a queue at a time."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from application.messaging.foreign import RunForeign
from application.messaging.local import RunLocal
from application.messaging.ports import Bell, Workshop
from application.messaging.remote import RunRemote
from application.ports import Message
from application.queues import Kind, QueueSpec

_LOG = logging.getLogger("kazna.messages")
DRAIN_SECONDS = 5.0
"""No batch is begun later than this after the bell, so that no queue keeps a thread for long."""
# Ids beyond these are found by the claim itself.
_REMEMBERED = 5000

_Run = Callable[[QueueSpec, Sequence[int]], Awaitable[Sequence[Message]]]


@dataclass(slots=True)
class _Lane:
    spec: QueueSpec
    rung: bool = False
    running: int = 0
    ids: deque[int] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def next_ids(self) -> list[int]:
        return [self.ids.popleft() for _ in range(min(len(self.ids), self.spec.batch_limit))]


class Lanes:
    """Answers bells: joins a drain that is running, or starts one.

    A bell that finds all lanes of its queue busy leaves its ids to them and returns; the busy
    ones look again before they leave, so no bell is missed. Lives on one event loop.
    """

    def __init__(self, shop: Workshop, queues: Iterable[QueueSpec], bell: Bell) -> None:
        self._lanes: Mapping[str, _Lane] = {spec.name: _Lane(spec) for spec in queues}
        remote = RunRemote(shop)
        self._run: Mapping[Kind, _Run] = {
            Kind.LOCAL: RunLocal(shop),
            Kind.REMOTE: remote,
            Kind.FOREIGN: RunForeign(shop.store, remote),
        }
        self._metrics = shop.metrics
        self._bell = bell
        self._closing = False

    @property
    def specs(self) -> Sequence[QueueSpec]:
        """The queues that are drained here."""
        return [lane.spec for lane in self._lanes.values()]

    def close(self) -> None:
        """Begin no further batch; those that run come to their end."""
        self._closing = True

    async def drain(self, queue: str, ids: Sequence[int] = ()) -> None:
        """Carry out what is due in a queue, beginning with the messages named."""
        lane = self._lanes[queue]
        lane.ids.extend(ids)
        lane.rung = True
        if lane.running >= lane.spec.lanes:
            return
        lane.running += 1
        try:
            await self._drained(lane)
        finally:
            lane.running -= 1

    async def _drained(self, lane: _Lane) -> None:
        until = monotonic() + DRAIN_SECONDS
        while lane.rung and not self._closing:
            if monotonic() > until:
                self._bell.ring([(lane.spec.name, 0)])
                return
            lane.rung = False
            ids = lane.next_ids()
            if lane.ids and lane.running < lane.spec.lanes:
                # One bell may name hundreds: let free lanes, here or elsewhere, share them.
                self._bell.ring([(lane.spec.name, 0)])
            batch = await self._batch(lane.spec, ids)
            # An ordered message may have been holding back the next of its key.
            full = len(batch) >= lane.spec.batch_limit
            if full or lane.ids or any(message.order_key for message in batch):
                lane.rung = True

    async def _batch(self, spec: QueueSpec, ids: Sequence[int]) -> Sequence[Message]:
        began = asyncio.get_running_loop().time()
        batch = await self._run[spec.kind](spec, ids)
        if batch:
            took = asyncio.get_running_loop().time() - began
            self._metrics.count("messages_claimed", len(batch), queue=spec.name)
            self._metrics.observe("message_batch", took, queue=spec.name)
        return batch
