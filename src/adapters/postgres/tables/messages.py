"""Work to be done, what came in, answers already given, the calendar, and what happened."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

from adapters.postgres.tables.metadata import metadata


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, which never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the name of the type."""
        return "xid8"


_INSTANT = DateTime(timezone=True)
_NOW = text("now()")

message = Table(
    "message",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("queue", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("order_key", Text),
    Column("priority", Integer, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default=text("'ready'")),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("run_at", _INSTANT, nullable=False, server_default=_NOW),
    Column("lease", Uuid),
    Column("lease_until", _INSTANT),
    Column("error", Text),
    Column("correlation_id", Uuid),
    Column("created_at", _INSTANT, nullable=False, server_default=_NOW),
    CheckConstraint("state IN ('ready', 'leased', 'dead')", name="state"),
    CheckConstraint("attempt >= 0", name="attempt"),
    CheckConstraint(
        "(state = 'leased') = (lease IS NOT NULL) AND (lease IS NULL) = (lease_until IS NULL)",
        name="lease",
    ),
    CheckConstraint("state <> 'dead' OR error IS NOT NULL", name="dead_says_why"),
)
Index(
    "ix_message_due",
    message.c.queue,
    message.c.priority.desc(),
    message.c.run_at,
    message.c.id,
    postgresql_where=text("state = 'ready'"),
)
Index(
    "ix_message_leased",
    message.c.queue,
    message.c.lease_until,
    postgresql_where=text("state = 'leased'"),
)
Index(
    "ix_message_order",
    message.c.order_key,
    message.c.id,
    postgresql_where=text("order_key IS NOT NULL AND state <> 'dead'"),
)
Index("ix_message_dead", message.c.queue, message.c.id, postgresql_where=text("state = 'dead'"))

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("headers", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("verified", Boolean, nullable=False),
    Column("received_at", _INSTANT, nullable=False, server_default=_NOW),
    Column("handled_at", _INSTANT),
    Column("result", JSONB),
    UniqueConstraint("source", "external_id"),
    CheckConstraint("(handled_at IS NULL) = (result IS NULL)", name="handled_says_how"),
)
Index("ix_inbox_open", inbox.c.id, postgresql_where=text("handled_at IS NULL"))

idempotency = Table(
    "idempotency",
    metadata,
    Column("actor", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", _INSTANT, nullable=False, server_default=_NOW),
    PrimaryKeyConstraint("actor", "key"),
)
Index("ix_idempotency_created_at", idempotency.c.created_at)

schedule = Table(
    "schedule",
    metadata,
    Column("name", Text, primary_key=True),
    Column("queue", Text, nullable=False),
    Column("message_name", Text, nullable=False),
    Column("payload", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("order_key", Text),
    Column("priority", Integer, nullable=False, server_default=text("0")),
    Column("every_seconds", Integer),
    Column("daily_at", Time),
    Column("zone", Text),
    Column("misfire", Text, nullable=False, server_default=text("'merge'")),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("next_due", _INSTANT, nullable=False),
    CheckConstraint("misfire IN ('merge', 'replay')", name="misfire"),
    CheckConstraint("every_seconds > 0", name="every_seconds"),
    CheckConstraint(
        "(every_seconds IS NULL) <> (daily_at IS NULL) AND (daily_at IS NULL) = (zone IS NULL)",
        name="cadence",
    ),
)
Index("ix_schedule_next_due", schedule.c.next_due, postgresql_where=text("enabled"))

tick = Table(
    "tick",
    metadata,
    Column("schedule", Text, ForeignKey("schedule.name", ondelete="CASCADE"), nullable=False),
    Column("due", _INSTANT, nullable=False),
    Column("fired_at", _INSTANT, nullable=False, server_default=_NOW),
    PrimaryKeyConstraint("schedule", "due"),
)

event = Table(
    "event",
    metadata,
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("aggregate_id", Uuid, nullable=False),
    Column("occurred_at", _INSTANT, nullable=False),
    Column("recorded_at", _INSTANT, nullable=False, server_default=_NOW),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("idempotency_key", Text),
    Column("data", JSONB, nullable=False),
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("producer", Text, nullable=False, server_default=text("'kazna'")),
    Column("aggregate_version", Integer),
    PrimaryKeyConstraint("position", "recorded_at"),
    CheckConstraint("actor <> ''", name="actor"),
    CheckConstraint("reason <> ''", name="reason"),
    postgresql_partition_by="RANGE (recorded_at)",
)
Index("ix_event_feed", event.c.xid, event.c.position)
Index("ix_event_aggregate_id_position", event.c.aggregate_id, event.c.position)
Index("ix_event_correlation_id", event.c.correlation_id)
