"""Who is told of events, with which secret, and what was told to whom."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from adapters.postgres.tables.metadata import metadata

_INSTANT = DateTime(timezone=True)
_NOW = text("now()")
_ENDPOINT = "webhook_endpoint.id"

webhook_endpoint = Table(
    "webhook_endpoint",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", ARRAY(Text), nullable=False),
    Column("description", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("failing_since", _INSTANT),
    Column("disabled_at", _INSTANT),
    Column("disabled_why", Text),
    Column("created_at", _INSTANT, nullable=False),
    Column("listens_since", _INSTANT, nullable=False, server_default=_NOW),
    CheckConstraint("status IN ('enabled', 'disabled')", name="status"),
    CheckConstraint(
        "(status = 'disabled') = (disabled_at IS NOT NULL) "
        "AND (disabled_at IS NULL) = (disabled_why IS NULL) "
        "AND (failing_since IS NULL OR status = 'enabled')",
        name="disabled",
    ),
)

webhook_secret = Table(
    "webhook_secret",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("endpoint_id", Uuid, ForeignKey(_ENDPOINT), nullable=False),
    Column("sealed", Text, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("expires_at", _INSTANT),
)
Index("ix_webhook_secret_endpoint_id", webhook_secret.c.endpoint_id)
Index(
    "uq_webhook_secret_current",
    webhook_secret.c.endpoint_id,
    unique=True,
    postgresql_where=text("expires_at IS NULL"),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("endpoint_id", Uuid, ForeignKey(_ENDPOINT), nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("event_name", Text, nullable=False),
    Column("aggregate_id", Uuid, nullable=False),
    Column("transaction", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("recorded_at", _INSTANT, nullable=False),
    Column("status", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_try_at", _INSTANT),
    Column("last_try_at", _INSTANT),
    Column("last_code", Integer),
    Column("last_ms", Integer),
    Column("last_answer", Text),
    Column("why", Text),
    Column("created_at", _INSTANT, nullable=False),
    Column("settled_at", _INSTANT),
    Column("kept_since", _INSTANT, nullable=False, server_default=_NOW),
    UniqueConstraint("endpoint_id", "event_id"),
    CheckConstraint(
        "status IN ('queued', 'waiting', 'held', 'delivered', 'failed')", name="status"
    ),
    CheckConstraint("(status = 'waiting') = (next_try_at IS NOT NULL)", name="waiting"),
    CheckConstraint(
        "(status IN ('delivered', 'failed')) = (settled_at IS NOT NULL)", name="settled"
    ),
)
_OPEN = text("status IN ('queued', 'waiting', 'held')")
Index(
    "ix_webhook_delivery_due",
    webhook_delivery.c.next_try_at,
    postgresql_where=text("status = 'waiting'"),
)
Index(
    "ix_webhook_delivery_open",
    webhook_delivery.c.endpoint_id,
    webhook_delivery.c.aggregate_id,
    webhook_delivery.c.transaction,
    webhook_delivery.c.position,
    postgresql_where=_OPEN,
)
Index(
    "ix_webhook_delivery_failed",
    webhook_delivery.c.endpoint_id,
    webhook_delivery.c.created_at,
    postgresql_where=text("status = 'failed'"),
)
Index("ix_webhook_delivery_endpoint_id_id", webhook_delivery.c.endpoint_id, webhook_delivery.c.id)
Index(
    "ix_webhook_delivery_settled",
    webhook_delivery.c.kept_since,
    postgresql_where=text("status IN ('delivered', 'failed')"),
)
