"""What people are told of payouts."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from adapters.postgres.tables.metadata import metadata

_INSTANT = DateTime(timezone=True)

notification = Table(
    "notification",
    metadata,
    Column("kind", Text, nullable=False),
    Column("payout_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("opening_carry_minor", BigInteger, nullable=False),
    Column("period_net_minor", BigInteger, nullable=False),
    Column("run_date", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("first_try_at", _INSTANT),
    Column("next_try_at", _INSTANT),
    Column("sent_at", _INSTANT),
    Column("failed_at", _INSTANT),
    Column("message_id", Text),
    Column("reason", Text),
    Column("last_error", Text),
    PrimaryKeyConstraint("kind", "payout_id", name="pk_notification"),
    CheckConstraint("kind IN ('payout')", name="kind"),
    CheckConstraint("state IN ('pending', 'sent', 'failed')", name="state"),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint("attempts >= 0", name="attempts"),
    CheckConstraint("next_try_at IS NULL OR state = 'pending'", name="waits"),
    CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
    CheckConstraint("(state = 'sent') = (message_id IS NOT NULL)", name="message_id"),
    CheckConstraint("(state = 'failed') = (failed_at IS NOT NULL)", name="failed"),
    CheckConstraint("(state = 'failed') = (reason IS NOT NULL)", name="reason"),
)
Index(
    "ix_notification_due",
    notification.c.next_try_at,
    postgresql_where=text("next_try_at IS NOT NULL"),
)
Index(
    "ix_notification_failed_at",
    notification.c.failed_at,
    postgresql_where=text("state = 'failed'"),
)
Index("ix_notification_listed", notification.c.created_at, notification.c.payout_id)
Index(
    "ix_notification_state",
    notification.c.state,
    notification.c.created_at,
    notification.c.payout_id,
)
