"""Texts to subscribers and to operators, the links in them, and the operator log."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from adapters.postgres.tables.metadata import metadata

_INSTANT = DateTime(timezone=True)
_NOW = text("now()")

carrier_sms = Table(
    "carrier_sms",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("wire_id", BigInteger, Identity(always=True), nullable=False),
    Column("subscription_id", Uuid, ForeignKey("subscription.id"), nullable=False),
    Column("operator", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("occasion", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("token", Text),
    Column("error", Text),
    Column("created_at", _INSTANT, nullable=False),
    Column("decided_at", _INSTANT),
    UniqueConstraint("wire_id", name="uq_carrier_sms_wire_id"),
    UniqueConstraint("subscription_id", "occasion", "key", name="uq_carrier_sms_once"),
    CheckConstraint("status IN ('queued', 'sent', 'failed', 'unknown')", name="status"),
)

# The token itself is in the text alone; who reads this table cannot open a link.
carrier_content_link = Table(
    "carrier_content_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("subscription_id", Uuid, ForeignKey("subscription.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("expires_at", _INSTANT, nullable=False),
    Column("used_at", _INSTANT),
    UniqueConstraint("subscription_id", "key", name="uq_carrier_content_link_once"),
)

carrier_broadcast = Table(
    "carrier_broadcast",
    metadata,
    Column("service_id", Uuid, ForeignKey("carrier_service.id"), nullable=False),
    Column("day", Date, nullable=False),
    Column("body", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("token", Text),
    Column("error", Text),
    Column("created_at", _INSTANT, nullable=False),
    Column("decided_at", _INSTANT),
    PrimaryKeyConstraint("service_id", "day", name="pk_carrier_broadcast"),
    CheckConstraint(
        "status IN ('planned', 'queued', 'sent', 'taken', 'rejected', 'unknown')", name="status"
    ),
)
Index("ix_carrier_broadcast_day", carrier_broadcast.c.day, carrier_broadcast.c.service_id)

carrier_operator_log = Table(
    "carrier_operator_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("written_at", _INSTANT, nullable=False, server_default=_NOW),
    Column("operator", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("msisdn", Text),
    Column("token", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("http_status", Integer),
    Column("attempt_id", Uuid),
    Column("subscription_id", Uuid),
    PrimaryKeyConstraint("written_at", "id", name="pk_carrier_operator_log"),
    postgresql_partition_by="RANGE (written_at)",
)
Index(
    "ix_carrier_operator_log_attempt",
    carrier_operator_log.c.attempt_id,
    postgresql_where=text("attempt_id IS NOT NULL"),
)
