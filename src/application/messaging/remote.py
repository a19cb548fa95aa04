"""Remote messages: leased, carried out with no transaction open, recorded under the token."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from application.messaging.ports import Leased, Verdict, Workshop
from application.messaging.routing import sorted_by_name
from application.messaging.setbacks import after_error, after_failure, put_off, tell, unknown
from application.ports import Done, Failed, Later, Message, RemoteHandler
from application.queues import QueueSpec

_LOG = logging.getLogger("kazna.messages")
_RENEWALS_PER_LEASE = 3
_RECORD_TRIES = 4

Answered = Sequence[tuple[Message, Any]]


class LeaseLost(Exception):
    """Somebody else took the messages over while their call was running."""


@dataclass(frozen=True, slots=True)
class RunRemote:
    """Carry out one batch of a remote queue; answer with what was leased.

    The groups of one name are called side by side, each under the same lease, which is renewed
    until its call ends or the queue's time limit has passed. What raises is called again message
    by message, so that one culprit does not wear out its neighbours' attempts.
    """

    shop: Workshop

    async def __call__(self, spec: QueueSpec, ids: Sequence[int]) -> Sequence[Message]:
        """Lease up to the queue's limit, call, and record."""
        return await self.carried_out(spec, await self.shop.store.lease(spec, ids))

    async def carried_out(self, spec: QueueSpec, leased: Leased) -> Sequence[Message]:
        """Call for a batch that is leased, and record."""
        groups, strangers = sorted_by_name(spec, self.shop.handlers, leased.batch)
        under = _UnderLease(self.shop, spec, leased.token)
        if strangers:
            setbacks = [unknown(message, why) for message, why in strangers]
            async with self.shop.units_of_work() as uow:
                await self.shop.store.set_back(uow, setbacks, leased.token)
                await uow.commit()
            tell(self.shop.metrics, spec, setbacks)
        await _all_ended(under, groups)
        return leased.batch


async def _all_ended(under: "_UnderLease", groups: Mapping[str, list[Message]]) -> None:
    """Let every group come to its end before the first error is raised."""
    ended = await asyncio.gather(
        *(under.carried_out(name, batch) for name, batch in groups.items()),
        return_exceptions=True,
    )
    for error in ended:
        if error is not None:
            raise error


@dataclass(frozen=True, slots=True)
class _UnderLease:
    shop: Workshop
    spec: QueueSpec
    token: UUID

    async def carried_out(self, name: str, batch: Sequence[Message]) -> None:
        handler = cast("RemoteHandler[Any, Any]", self.shop.handlers[name])
        try:
            answers = await self._called(handler, batch)
        except LeaseLost:
            _LOG.warning("%d messages of %s were taken over meanwhile", len(batch), self.spec.name)
        except Exception as error:
            await self._one_by_one(handler, batch, error)
        else:
            await self._recorded(handler, list(zip(batch, answers, strict=True)))

    async def _one_by_one(
        self, handler: RemoteHandler[Any, Any], batch: Sequence[Message], error: Exception
    ) -> None:
        if len(batch) == 1:
            await self._recorded(handler, [(batch[0], error)])
            return
        for message in batch:
            if await self._held([message]):
                await self.carried_out(message.name, [message])

    async def _called(
        self, handler: RemoteHandler[Any, Any], batch: Sequence[Message]
    ) -> Sequence[Any]:
        """Call, renewing the lease meanwhile; refuse an answer that does not fit the batch."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.spec.time_limit_seconds
        call = asyncio.ensure_future(handler.call(batch))
        try:
            while not call.done():
                left = deadline - loop.time()
                if left <= 0:
                    raise TimeoutError(f"no end after {self.spec.time_limit_seconds:g} s")
                await asyncio.wait(
                    {call}, timeout=min(left, self.spec.lease_seconds / _RENEWALS_PER_LEASE)
                )
                if not call.done() and not await self._held(batch):
                    raise LeaseLost
        finally:
            await _ended(call)
        answers = call.result()
        if len(answers) != len(batch):
            raise ValueError(f"{len(answers)} answers were given to {len(batch)} messages")
        return answers

    async def _held(self, batch: Sequence[Message]) -> bool:
        """Renew the lease; a database that cannot be asked takes nothing away."""
        ids = {message.id for message in batch}
        try:
            return bool(await self.shop.store.renew(self.token, ids, self.spec.lease_seconds))
        except Exception as error:
            if self.shop.store.judge(error) is Verdict.FAILED:
                raise
            return True

    async def _recorded(self, handler: RemoteHandler[Any, Any], answered: Answered) -> None:
        """Record answers; part those that cannot be recorded together until they can."""
        for left in reversed(range(_RECORD_TRIES)):
            try:
                await self._written(handler, answered)
                return
            except Exception as error:
                verdict = self.shop.store.judge(error)
                if verdict is not Verdict.FAILED:
                    if not left:
                        raise
                    await asyncio.sleep(
                        self.shop.entropy.fraction() * 2.0 ** (_RECORD_TRIES - left)
                    )
                    continue
                if len(answered) == 1:
                    await self._written(handler, [(answered[0][0], error)])
                    return
                middle = len(answered) // 2
                await self._recorded(handler, answered[:middle])
                await self._recorded(handler, answered[middle:])
                return

    async def _written(self, handler: RemoteHandler[Any, Any], answered: Answered) -> None:
        ended = [pair for pair in answered if not isinstance(pair[1], (Failed, Later, Exception))]
        setbacks = [
            self._setback(message, answer)
            for message, answer in answered
            if isinstance(answer, (Failed, Exception))
        ]
        waiting = [
            put_off(message, answer) for message, answer in answered if isinstance(answer, Later)
        ]
        async with self.shop.units_of_work() as uow:
            held = await self.shop.store.finish(uow, self.token, [pair[0].id for pair in ended])
            kept = [
                (message, answer)
                for message, answer in ended
                if message.id in held and not isinstance(answer, Done)
            ]
            if kept:
                await handler.record(uow, kept)
            await self.shop.store.set_back(uow, [*setbacks, *waiting], self.token)
            await uow.commit()
        tell(self.shop.metrics, self.spec, setbacks)

    def _setback(self, message: Message, answer: Failed | Exception) -> Any:
        entropy = self.shop.entropy
        if isinstance(answer, Failed):
            return after_failure(self.spec, message, answer, entropy)
        return after_error(self.spec, message, answer, self.shop.store.judge(answer), entropy)


async def _ended(call: "asyncio.Future[Any]") -> None:
    """Cancel a call that is still running and give it a moment to clean up."""
    if call.done():
        return
    call.cancel()
    await asyncio.wait({call}, timeout=5)
