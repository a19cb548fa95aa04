"""Look after endpoints: create, change, delete, give a new secret, try out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from application.errors import Conflict, NotFound
from application.ports import Clock, Entropy, UnitOfWork
from application.webhooks.ports import Deliveries, Endpoints, SecretBox
from domain.shared.facts import Cause
from domain.webhooks.endpoint import Disabled, Enabled, Endpoint, Off, switched
from domain.webhooks.events import EndpointChanged, EndpointTested
from domain.webhooks.signature import secret_of

OLD_SECRET_LIVES = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to change of an endpoint; None leaves it as it is."""

    url: str | None = None
    events: Sequence[str] | None = None
    description: str | None = None
    is_enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class LookAfterEndpoints:
    """What administrators do; nothing here commits.

    Secrets leave here once, to whoever asked for them, and are kept sealed.
    """

    endpoints: Endpoints[Any]
    deliveries: Deliveries[Any]
    box: SecretBox
    clock: Clock
    entropy: Entropy

    async def create(
        self, uow: UnitOfWork, url: str, events: Sequence[str], description: str, cause: Cause
    ) -> tuple[Endpoint, str]:
        """Create one that is told of what happens from now on; return its secret."""
        endpoint = Endpoint(
            id=self.entropy.new_id(),
            url=url,
            events=tuple(dict.fromkeys(events)),
            description=description,
            state=Enabled(),
        )
        await self.endpoints.add(uow, endpoint)
        secret, _ = await self._new_secret(uow, endpoint.id)
        self._tell(uow, endpoint.id, "created", cause)
        return endpoint, secret

    async def change(self, uow: UnitOfWork, key: UUID, wish: Wish, cause: Cause) -> Endpoint:
        """Change one; what waits for it goes to the new address, or is given up when it is off."""
        endpoint = await self._held(uow, key)
        changed = replace(
            endpoint,
            url=endpoint.url if wish.url is None else wish.url,
            events=endpoint.events if wish.events is None else tuple(dict.fromkeys(wish.events)),
            description=endpoint.description if wish.description is None else wish.description,
        )
        if wish.is_enabled is not None:
            changed = switched(changed, self.clock.now(), on=wish.is_enabled)
        if changed != endpoint:
            await self._save(uow, changed)
            self._tell(uow, key, "changed", cause)
        return changed

    async def delete(self, uow: UnitOfWork, key: UUID, cause: Cause) -> None:
        """Delete one with its secrets; the log of its deliveries stays as long as others do."""
        endpoint = await self._held(uow, key)
        await self._save(uow, replace(endpoint, state=Disabled(self.clock.now(), Off.DELETED)))
        await self.endpoints.drop_secrets(uow, key)
        self._tell(uow, key, "deleted", cause)

    async def rotate(self, uow: UnitOfWork, key: UUID, cause: Cause) -> tuple[str, datetime]:
        """Give one a new secret; return it, and until when the old one signs as well."""
        await self._held(uow, key)
        found = await self._new_secret(uow, key)
        self._tell(uow, key, "secret_rotated", cause)
        return found

    async def test(self, uow: UnitOfWork, key: UUID, cause: Cause) -> None:
        """Tell it that it is tested, the way it is told everything; refuse one that is off."""
        endpoint = await self._held(uow, key)
        if isinstance(endpoint.state, Disabled):
            raise Conflict("the endpoint is off")
        uow.events.record(cause, [EndpointTested(endpoint_id=key)])

    async def _held(self, uow: UnitOfWork, key: UUID) -> Endpoint:
        endpoint = (await self.endpoints.lock(uow, [key])).get(key)
        if endpoint is None:
            raise NotFound("webhook endpoint", key)
        match endpoint.state:
            case Disabled(why=Off.DELETED):
                raise NotFound("webhook endpoint", key)
            case _:
                return endpoint

    async def _save(self, uow: UnitOfWork, endpoint: Endpoint) -> None:
        await self.endpoints.save(uow, [endpoint])
        if isinstance(endpoint.state, Disabled):
            why = f"the endpoint is off: {endpoint.state.why}"
            await self.deliveries.give_up(uow, endpoint.id, why)

    async def _new_secret(self, uow: UnitOfWork, key: UUID) -> tuple[str, datetime]:
        secret = secret_of(self.entropy.token())
        until = self.clock.now() + OLD_SECRET_LIVES
        await self.endpoints.put_secret(
            uow, self.entropy.new_id(), key, self.box.seal(secret), until
        )
        return secret, until

    def _tell(self, uow: UnitOfWork, key: UUID, change: str, cause: Cause) -> None:
        uow.events.record(cause, [EndpointChanged(endpoint_id=key, change=change)])
