"""Send deliveries again because a person asks: one, or all that failed since an instant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from application.errors import Conflict, NotFound
from application.ports import UnitOfWork
from application.webhooks.ports import Deliveries, Endpoints, message_of
from domain.webhooks.endpoint import Disabled


@dataclass(frozen=True, slots=True)
class ResendDeliveries:
    """Begin deliveries anew, with all their tries before them, under the ids they had."""

    endpoints: Endpoints[Any]
    deliveries: Deliveries[Any]

    async def one(self, uow: UnitOfWork, key: UUID) -> bool:
        """Send one again, delivered or not; False when it is on its way. Never commits."""
        endpoint_id = await self.deliveries.endpoint_of(uow, key)
        if endpoint_id is None:
            raise NotFound("webhook delivery", key)
        await self._listening(uow, endpoint_id)
        ordered = await self.deliveries.again(uow, key)
        if ordered is None:
            return False
        uow.messages.add([message_of(ordered)])
        return True

    async def failed(self, uow: UnitOfWork, endpoint_id: UUID, since: datetime, limit: int) -> int:
        """Send again at most so many that failed since then; return how many. Never commits."""
        await self._listening(uow, endpoint_id)
        ordered = await self.deliveries.again_failed(uow, endpoint_id, since, limit)
        uow.messages.add(message_of(one) for one in ordered)
        return len(ordered)

    async def _listening(self, uow: UnitOfWork, endpoint_id: UUID) -> None:
        found = (await self.endpoints.lock(uow, [endpoint_id])).get(endpoint_id)
        if found is None:
            raise NotFound("webhook endpoint", endpoint_id)
        if isinstance(found.state, Disabled):
            raise Conflict("the endpoint is off")
