"""What happens to endpoints; addresses and secrets are not told."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointChanged:
    """Somebody created, changed, enabled, disabled or deleted an endpoint, or its secret."""

    name: ClassVar[str] = "webhooks.endpoint_changed"
    version: ClassVar[int] = 1

    endpoint_id: UUID
    change: str

    @property
    def aggregate_id(self) -> UUID:
        """The endpoint."""
        return self.endpoint_id


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointDisabled:
    """An endpoint answered 410, or has failed for days, and is told nothing any more."""

    name: ClassVar[str] = "webhooks.endpoint_disabled"
    version: ClassVar[int] = 1

    endpoint_id: UUID
    why: str
    failing_since: datetime | None

    @property
    def aggregate_id(self) -> UUID:
        """The endpoint."""
        return self.endpoint_id


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTested:
    """Somebody asked for a test: told to this endpoint alone, whatever it asks for."""

    name: ClassVar[str] = "webhooks.tested"
    version: ClassVar[int] = 1

    endpoint_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        """The endpoint."""
        return self.endpoint_id
