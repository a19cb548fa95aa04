"""Subscriptions and the periods they were granted.

`status` names the state's class and `state` holds exactly the fields that class has; the columns
beside them are what the calendar and the reports look for.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
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
LIVE = "status IN ('created', 'active', 'past_due', 'paused')"

subscription = Table(
    "subscription",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("wire_id", BigInteger, Identity(always=True), nullable=False),
    Column("customer_id", Uuid, ForeignKey("customer.id"), nullable=False),
    Column("plan_id", Uuid, ForeignKey("plan.id"), nullable=False),
    Column("price_id", Uuid, ForeignKey("price.id"), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("interval_count", Integer, nullable=False),
    Column("interval_unit", Text, nullable=False),
    Column("anchor_day", Integer, nullable=False),
    Column("provider", Text, nullable=False),
    Column("method_id", Uuid),
    Column("retry_days", JSONB, nullable=False),
    Column("grace_seconds", Integer, nullable=False),
    Column("operator", Text),
    Column("msisdn", Text),
    Column("service_code", Text),
    Column("carrier_terms", JSONB),
    Column("renewal", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("state", JSONB, nullable=False),
    Column("period_start", _INSTANT),
    Column("period_end", _INSTANT),
    Column("charge_invoice_id", Uuid),
    Column("charge_since", _INSTANT),
    Column("renew_at", _INSTANT),
    Column("expires_at", _INSTANT),
    Column("not_before", _INSTANT),
    Column("plan_change", JSONB),
    Column("created_at", _INSTANT, nullable=False),
    Column("version", Integer, nullable=False),
    ForeignKeyConstraint(
        ["method_id", "customer_id"],
        ["payment_method.id", "payment_method.customer_id"],
        name="fk_subscription_method_owner",
    ),
    UniqueConstraint("wire_id", name="uq_subscription_wire_id"),
    CheckConstraint(
        "status IN ('created', 'active', 'past_due', 'paused', 'canceled', 'expired', 'refused')",
        name="status",
    ),
    CheckConstraint("renewal IN ('automatic', 'manual', 'stopping')", name="renewal"),
    # Of all that are past due only a number's may never have been paid for.
    CheckConstraint(
        "(status IN ('active', 'past_due', 'paused')) = (period_end IS NOT NULL) "
        "OR (status = 'past_due' AND operator IS NOT NULL)",
        name="period",
    ),
    CheckConstraint(
        "(operator IS NULL) = (msisdn IS NULL) AND (operator IS NULL) = (service_code IS NULL) "
        "AND (operator IS NULL) = (carrier_terms IS NULL)",
        name="carrier",
    ),
    CheckConstraint("period_start < period_end", name="period_order"),
    CheckConstraint(
        "renew_at IS NULL OR "
        "(status IN ('active', 'past_due') AND charge_since IS NULL "
        "AND (renewal = 'automatic' OR (operator IS NOT NULL AND status = 'past_due')))",
        name="renew_at",
    ),
    CheckConstraint("(charge_invoice_id IS NULL) = (charge_since IS NULL)", name="charge"),
    CheckConstraint("anchor_day BETWEEN 1 AND 31", name="anchor_day"),
)
Index(
    "uq_subscription_live",
    subscription.c.customer_id,
    subscription.c.plan_id,
    unique=True,
    postgresql_where=text(LIVE),
)
Index(
    "ix_subscription_renew_at",
    subscription.c.renew_at,
    subscription.c.id,
    postgresql_where=text("renew_at IS NOT NULL AND operator IS NULL"),
)
# Numbers are claimed operator by operator, and periodic charges apart from retries.
Index(
    "ix_subscription_number_due",
    subscription.c.operator,
    subscription.c.status,
    subscription.c.renew_at,
    subscription.c.id,
    postgresql_where=text("renew_at IS NOT NULL AND operator IS NOT NULL"),
)
Index(
    "ix_subscription_msisdn",
    subscription.c.msisdn,
    subscription.c.id,
    postgresql_where=text("msisdn IS NOT NULL"),
)
Index(
    "ix_subscription_expires_at",
    subscription.c.expires_at,
    subscription.c.id,
    postgresql_where=text("expires_at IS NOT NULL"),
)
# Pauses are ended by the minute.
Index(
    "ix_subscription_paused",
    subscription.c.expires_at,
    subscription.c.id,
    postgresql_where=text("status = 'paused'"),
)
# What reports count: those that run, those that began, those that are over.
Index(
    "ix_subscription_running",
    subscription.c.currency,
    subscription.c.id,
    postgresql_where=text("status IN ('active', 'past_due')"),
)
Index("ix_subscription_created_at", subscription.c.created_at)
Index(
    "ix_subscription_ended_at",
    subscription.c.state["at"].astext,
    postgresql_where=text("status IN ('canceled', 'expired')"),
)
Index("ix_subscription_customer", subscription.c.customer_id, subscription.c.id)

subscription_period = Table(
    "subscription_period",
    metadata,
    Column("subscription_id", Uuid, ForeignKey("subscription.id"), nullable=False),
    Column("period_start", _INSTANT, nullable=False),
    Column("period_end", _INSTANT, nullable=False),
    Column("kind", Text, nullable=False),
    Column("invoice_id", Uuid),
    Column("payment_id", Uuid),
    Column("granted_at", _INSTANT, nullable=False, server_default=text("now()")),
    Column("worth_minor", BigInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("subscription_id", "period_start", name="pk_subscription_period"),
    UniqueConstraint("invoice_id", name="uq_subscription_period_invoice_id"),
    UniqueConstraint("payment_id", name="uq_subscription_period_payment_id"),
    CheckConstraint("period_start < period_end", name="order"),
    CheckConstraint("worth_minor >= 0", name="worth"),
)

promotion = Table(
    "promotion",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("price_id", Uuid, ForeignKey("price.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("days", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    CheckConstraint("days > 0", name="days"),
)

promotion_person = Table(
    "promotion_person",
    metadata,
    Column("promotion_id", Uuid, ForeignKey("promotion.id"), nullable=False),
    Column("external_id", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("result", Text, nullable=False),
    Column("subscription_id", Uuid),
    Column("detail", Text),
    PrimaryKeyConstraint("promotion_id", "external_id", name="pk_promotion_person"),
    UniqueConstraint("promotion_id", "place", name="uq_promotion_person_place"),
    CheckConstraint(
        "result IN ('waiting', 'issued', 'already_has', 'unknown', 'invalid')", name="result"
    ),
    CheckConstraint("(result = 'issued') <= (subscription_id IS NOT NULL)", name="issued"),
)
