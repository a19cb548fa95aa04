"""Customers, and what is sold to them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
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
from sqlalchemy.dialects.postgresql import JSONB

from adapters.postgres.tables.metadata import metadata

_INSTANT = DateTime(timezone=True)

customer = Table(
    "customer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("external_id", Text, nullable=False),
    Column("email", Text),
    Column("time_zone", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    UniqueConstraint("external_id", name="uq_customer_external_id"),
)

feature = Table(
    "feature",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("entities", JSONB, nullable=False),
)

plan = Table(
    "plan",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("interval_count", Integer, nullable=False),
    Column("interval_unit", Text, nullable=False),
    Column("is_recurring", Boolean, nullable=False),
    Column("trial_days", Integer, nullable=False),
    Column("retry_days", JSONB, nullable=False),
    Column("grace_seconds", Integer, nullable=False),
    Column("features", JSONB, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint("interval_count > 0", name="interval_count"),
    CheckConstraint("interval_unit IN ('day', 'month', 'year')", name="interval_unit"),
    CheckConstraint("trial_days >= 0 AND grace_seconds >= 0", name="days"),
)

price = Table(
    "price",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("plan_id", Uuid, ForeignKey("plan.id"), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("archived_at", _INSTANT),
    Column("valid_from", _INSTANT, nullable=False),
    Column("migrates", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("amount_minor >= 0", name="amount"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
)
Index(
    "uq_price_active",
    price.c.plan_id,
    price.c.currency,
    unique=True,
    postgresql_where=text("archived_at IS NULL"),
)
Index(
    "ix_price_migrates",
    price.c.plan_id,
    price.c.currency,
    price.c.valid_from,
    postgresql_where=text("migrates"),
)
