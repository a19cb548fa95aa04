"""Find what lost bells and dead processes left behind, every second, in every worker process."""

import asyncio
import logging
from collections.abc import Sequence

from application.messaging.lanes import Lanes
from application.messaging.ports import Bell, Overdue, Verdict, Workshop
from application.queues import Kind

_LOG = logging.getLogger("kazna.messages")
OVERDUE_SECONDS = 1.0
# A bell that was heard but not followed for so long is taken for lost.
_PATIENCE_SECONDS = 3.0


class Sweep:
    """Rings again for what is overdue; what no bell can reach is carried out here and now."""

    def __init__(self, shop: Workshop, lanes: Lanes, bell: Bell) -> None:
        self._store = shop.store
        self._entropy = shop.entropy
        self._lanes = lanes
        self._bell = bell
        self._drains: set[asyncio.Task[None]] = set()
        self._kinds = {spec.name: spec for spec in lanes.specs}
        self._foreign = [spec.name for spec in lanes.specs if spec.kind is Kind.FOREIGN]
        self._ours = [spec.name for spec in lanes.specs if spec.kind is not Kind.FOREIGN]

    async def run(self) -> None:
        """Sweep until cancelled, about once a second; a database that is away is asked again."""
        while True:
            await asyncio.sleep(0.7 + 0.6 * self._entropy.fraction())
            try:
                await self.once()
            except Exception as error:
                if self._store.judge(error) is Verdict.FAILED and not isinstance(
                    error, TimeoutError
                ):
                    _LOG.exception("the sweep failed and goes on")
                else:
                    _LOG.warning("the sweep cannot reach the database: %s", error)

    async def once(self) -> Sequence[Overdue]:
        """Look once; return what was found."""
        fallen = await self._store.fallen(self._foreign) if self._foreign else []
        found = await self._store.overdue(self._ours, OVERDUE_SECONDS)
        for overdue in (*fallen, *found):
            spec = self._kinds[overdue.queue]
            if spec.kind is not Kind.LOCAL and await self._store.bury_exhausted(spec):
                _LOG.error("%s: messages died with the process of their last try", spec.name)
        for late in fallen:
            self._drain(late)
        if not found:
            return fallen
        heard = await self._bell.reach([(late.queue, id_) for late in found for id_ in late.ids])
        for late in found:
            if not heard or late.oldest_seconds > _PATIENCE_SECONDS:
                self._drain(late)
        return [*fallen, *found]

    async def settle(self) -> None:
        """Wait for what was begun here."""
        if self._drains:
            await asyncio.wait(self._drains)

    def _drain(self, late: Overdue) -> None:
        task = asyncio.create_task(self._lanes.drain(late.queue, late.ids))
        self._drains.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._drains.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and self._store.judge(error) is Verdict.FAILED:
            _LOG.error("a drain failed", exc_info=error)
