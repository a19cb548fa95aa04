"""What the routes of webhooks answer."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from entrypoints.api.answers.shapes import Answer, PageOf

DeliveryStatus = Literal["queued", "waiting", "held", "delivered", "failed"]


class WebhookEndpoint(Answer, frozen=True):
    """An address that is told of events; its secret is not shown again."""

    id: UUID
    url: str
    events: list[str]
    description: str
    status: Literal["enabled", "disabled"]
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_why: Literal["by_hand", "failing", "gone"] | None
    old_secret_valid_until: datetime | None
    created_at: datetime


class WebhookEndpoints(PageOf[WebhookEndpoint], frozen=True):
    """A page of endpoints."""


class WebhookEndpointCreated(Answer, frozen=True):
    """A new endpoint with its secret, which is shown this once."""

    id: UUID
    secret: str


class WebhookSecretRotated(Answer, frozen=True):
    """A new secret, shown this once; until then the old one signs beside it."""

    secret: str
    old_secret_valid_until: datetime


class WebhookTestOrdered(Answer, frozen=True):
    """The event `webhooks.tested` is on its way to the endpoint."""

    id: UUID


class WebhookDelivery(Answer, frozen=True):
    """An event told to an endpoint, or not yet.

    `queued`: on its way; `waiting`: failed, to be tried again at `next_try_at`; `held`: behind an
    earlier event of its aggregate. `last_code`, `last_ms` and `last_answer` are of the last try.
    """

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    event_name: str
    aggregate_id: UUID
    status: DeliveryStatus
    attempts: int
    next_try_at: datetime | None
    last_try_at: datetime | None
    last_code: int | None
    last_ms: int | None
    last_answer: str | None
    why: str | None
    created_at: datetime
    settled_at: datetime | None


class WebhookDeliveries(PageOf[WebhookDelivery], frozen=True):
    """A page of the log of deliveries."""


class WebhooksResent(Answer, frozen=True):
    """How many deliveries were begun anew; what is on its way is not."""

    ordered: int
