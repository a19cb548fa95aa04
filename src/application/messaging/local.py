"""Local messages: the transaction that claims them removes them and applies their effect."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from application.messaging.ports import Setback, Verdict, Workshop
from application.messaging.routing import sorted_by_name
from application.messaging.setbacks import after_error, tell, unknown
from application.ports import LocalHandler, Message, UnitOfWork
from application.queues import QueueSpec


@dataclass(frozen=True, slots=True)
class RunLocal:
    """Carry out one batch of a local queue; answer with what was claimed.

    The row lock is the lease and the deletion is the deduplication: a process that dies leaves
    nothing behind. A batch that fails is rolled back and parted until the culprit stands alone;
    the culprit is set back, its neighbours are done. When the database goes away nothing is
    counted against anybody.
    """

    shop: Workshop

    async def __call__(self, spec: QueueSpec, ids: Sequence[int]) -> Sequence[Message]:
        """Claim up to the queue's limit and apply it."""
        return await self._tried(spec, ids, whole=True)

    async def _tried(
        self, spec: QueueSpec, ids: Sequence[int], *, whole: bool = False
    ) -> Sequence[Message]:
        store = self.shop.store
        batch: list[Message] = []
        try:
            async with asyncio.timeout(spec.time_limit_seconds), self.shop.units_of_work() as uow:
                batch = await self._claimed(uow, spec, ids, whole=whole)
                groups, strangers = sorted_by_name(spec, self.shop.handlers, batch)
                if not strangers:
                    await self._applied(uow, groups)
                    return batch
        except Exception as error:
            if not batch or store.judge(error) is Verdict.LOST:
                raise
            await self._parted(spec, batch, error)
            return batch
        await self._set_back(spec, [unknown(message, why) for message, why in strangers])
        await self._tried(spec, [message.id for known in groups.values() for message in known])
        return batch

    async def _claimed(
        self, uow: UnitOfWork, spec: QueueSpec, ids: Sequence[int], *, whole: bool
    ) -> list[Message]:
        if whole:
            return await self.shop.store.take(uow, spec.name, ids, spec.batch_limit)
        return await self.shop.store.retake(uow, spec.name, ids)

    async def _applied(self, uow: UnitOfWork, groups: Mapping[str, list[Message]]) -> None:
        if not groups:
            return
        for name, messages in groups.items():
            handler = cast("LocalHandler[Any]", self.shop.handlers[name])
            await handler(uow, messages)
        await uow.commit()

    async def _parted(self, spec: QueueSpec, batch: Sequence[Message], error: Exception) -> None:
        if len(batch) == 1:
            verdict = self.shop.store.judge(error)
            setback = after_error(spec, batch[0], error, verdict, self.shop.entropy)
            await self._set_back(spec, [setback])
            return
        for part in _parts(batch, error):
            await self._tried(spec, [message.id for message in part])

    async def _set_back(self, spec: QueueSpec, setbacks: Sequence[Setback]) -> None:
        async with self.shop.units_of_work() as uow:
            await self.shop.store.set_back(uow, setbacks)
            await uow.commit()
        tell(self.shop.metrics, spec, setbacks)


def _parts(batch: Sequence[Message], error: Exception) -> Iterator[Sequence[Message]]:
    """Halve a batch that failed; one that ran out of time is taken one by one.

    Each part that holds a message that hangs costs the whole time limit, and halving would pay it
    once per level.
    """
    size = 1 if isinstance(error, TimeoutError) else (len(batch) + 1) // 2
    for start in range(0, len(batch), size):
        yield batch[start : start + size]
