"""Operators, the services they sell for us, who subscribed how, and what is not clear yet.

Reporting reads the views of schema `carrier`, which carry the documented names.
"""

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
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from adapters.postgres.tables.metadata import metadata

_INSTANT = DateTime(timezone=True)
_NOW = text("now()")

carrier_operator = Table(
    "carrier_operator",
    metadata,
    Column("code", Text, primary_key=True),
    Column("wire_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("country_code", Text, nullable=False),
    Column("country_name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("prefixes", JSONB, nullable=False),
    Column("protocol", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("timeout_seconds", Numeric, nullable=False),
    Column("requests_per_second", Numeric, nullable=False),
    Column("burst", Integer, nullable=False),
    Column("queue_free_size", Integer, nullable=False),
    Column("caps", JSONB, nullable=False),
    Column("options", JSONB, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("wire_id", name="uq_carrier_operator_wire_id"),
    CheckConstraint("code ~ '^[a-z][a-z0-9_]{0,31}$'", name="code"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("requests_per_second > 0 AND burst > 0", name="throttle"),
)

carrier_service = Table(
    "carrier_service",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("wire_id", BigInteger, Identity(always=True), nullable=False),
    Column("operator", Text, ForeignKey("carrier_operator.code"), nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("plan_id", Uuid, ForeignKey("plan.id"), nullable=False),
    Column("policy", JSONB, nullable=False),
    Column("texts", JSONB, nullable=False),
    Column("content_url", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("wire_id", name="uq_carrier_service_wire_id"),
    UniqueConstraint("operator", "code", name="uq_carrier_service_code"),
)

carrier_campaign = Table(
    "carrier_campaign",
    metadata,
    Column("code", Text, primary_key=True),
    Column("wire_id", BigInteger, Identity(always=True), nullable=False),
    Column("service_id", Uuid, ForeignKey("carrier_service.id"), nullable=False),
    Column("operator", Text, nullable=False),
    Column("keyword", Text),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    UniqueConstraint("wire_id", name="uq_carrier_campaign_wire_id"),
    UniqueConstraint("operator", "keyword", name="uq_carrier_campaign_keyword"),
)

# One payer per number: the row is also what serialises all that happens to a number at once.
carrier_subscriber = Table(
    "carrier_subscriber",
    metadata,
    Column("msisdn", Text, primary_key=True),
    Column("customer_id", Uuid, ForeignKey("customer.id"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    # Two numbers change payers in one statement.
    UniqueConstraint("customer_id", name="uq_carrier_subscriber_customer_id", deferrable=True),
    CheckConstraint("msisdn ~ '^[1-9][0-9]{4,14}$'", name="msisdn"),
)

carrier_number_list = Table(
    "carrier_number_list",
    metadata,
    Column("list", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("added_at", _INSTANT, nullable=False, server_default=_NOW),
    PrimaryKeyConstraint("list", "msisdn", name="pk_carrier_number_list"),
    CheckConstraint("list IN ('blacklisted', 'postpaid')", name="list"),
)

# An order as it came, with the evidence of consent; a repeat meets the unique key.
carrier_order = Table(
    "carrier_order",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("tid", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("service_id", Uuid, ForeignKey("carrier_service.id"), nullable=False),
    Column("campaign_code", Text),
    Column("subscription_id", Uuid, ForeignKey("subscription.id"), nullable=False),
    Column("consent", JSONB, nullable=False),
    Column("pixel", Text),
    Column("publisher", Text),
    Column("received_at", _INSTANT, nullable=False),
    UniqueConstraint("operator", "event_id", name="uq_carrier_order_event"),
    UniqueConstraint("subscription_id", name="uq_carrier_order_subscription_id"),
)
Index("ix_carrier_order_msisdn", carrier_order.c.msisdn, carrier_order.c.received_at)

carrier_unresolved = Table(
    "carrier_unresolved",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("msisdn", Text),
    Column("report", JSONB, nullable=False),
    Column("why", Text, nullable=False),
    Column("candidates", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("note", Text),
    Column("resolved_by", Text),
    Column("received_at", _INSTANT, nullable=False),
    Column("resolved_at", _INSTANT),
    UniqueConstraint("operator", "event_id", name="uq_carrier_unresolved_event"),
    CheckConstraint("status IN ('open', 'assigned', 'dismissed')", name="status"),
)
Index(
    "ix_carrier_unresolved_open",
    carrier_unresolved.c.received_at,
    carrier_unresolved.c.id,
    postgresql_where=text("status = 'open'"),
)
