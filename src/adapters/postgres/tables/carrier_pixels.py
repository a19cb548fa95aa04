"""Postbacks to advertisers, their settings, and clicks that wait for orders."""

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
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from adapters.postgres.tables.metadata import metadata

_INSTANT = DateTime(timezone=True)
_NOW = text("now()")

carrier_publisher = Table(
    "carrier_publisher",
    metadata,
    Column("name", Text, primary_key=True),
    Column("pattern", Text, nullable=False),
    Column("place", Integer, nullable=False),
)

carrier_pixel_setting = Table(
    "carrier_pixel_setting",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("wire_id", BigInteger, Identity(always=True), nullable=False),
    Column("campaign_code", Text, ForeignKey("carrier_campaign.code")),
    Column("operator", Text, ForeignKey("carrier_operator.code")),
    Column("publisher", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("timeout_seconds", Numeric, nullable=False),
    Column("ratio", Integer, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("counted", BigInteger, nullable=False, server_default=text("0")),
    Column("created_at", _INSTANT, nullable=False),
    UniqueConstraint("wire_id", name="uq_carrier_pixel_setting_wire_id"),
    UniqueConstraint(
        "campaign_code",
        "operator",
        "publisher",
        name="uq_carrier_pixel_setting_place",
        postgresql_nulls_not_distinct=True,
    ),
    CheckConstraint("campaign_code IS NOT NULL OR operator IS NOT NULL", name="place"),
    CheckConstraint("ratio > 0", name="ratio"),
)

carrier_pixel = Table(
    "carrier_pixel",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("wire_id", BigInteger, Identity(always=True), nullable=False),
    Column("subscription_id", Uuid, ForeignKey("subscription.id"), nullable=False),
    Column("operator", Text, nullable=False),
    Column("campaign_code", Text),
    Column("pixel", Text, nullable=False),
    Column("publisher", Text),
    Column("paid", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("setting_id", Uuid),
    Column("url", Text),
    Column("timeout_seconds", Numeric),
    Column("why", Text),
    Column("response_code", Integer),
    Column("took_ms", Integer),
    Column("created_at", _INSTANT, nullable=False),
    Column("decided_at", _INSTANT),
    UniqueConstraint("wire_id", name="uq_carrier_pixel_wire_id"),
    UniqueConstraint("subscription_id", name="uq_carrier_pixel_subscription_id"),
    CheckConstraint("status IN ('queued', 'chosen', 'skipped', 'sent')", name="status"),
)
Index(
    "ix_carrier_pixel_unsent",
    carrier_pixel.c.created_at,
    carrier_pixel.c.id,
    postgresql_where=text("status = 'chosen'"),
)

carrier_click = Table(
    "carrier_click",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("campaign_code", Text, ForeignKey("carrier_campaign.code"), nullable=False),
    Column("pixel", Text, nullable=False),
    Column("publisher", Text),
    Column("tid", Text),
    Column("msisdn", Text),
    Column("operator_token", Text),
    Column("clicked_at", _INSTANT, nullable=False),
    Column("received_at", _INSTANT, nullable=False, server_default=_NOW),
    Column("subscription_id", Uuid),
    UniqueConstraint("campaign_code", "pixel", name="uq_carrier_click_pixel"),
    UniqueConstraint("subscription_id", name="uq_carrier_click_subscription_id"),
)
Index(
    "ix_carrier_click_free",
    carrier_click.c.operator,
    carrier_click.c.clicked_at,
    postgresql_where=text("subscription_id IS NULL"),
)
for _name in ("msisdn", "tid", "operator_token"):
    Index(
        f"ix_carrier_click_{_name}",
        carrier_click.c[_name],
        postgresql_where=text(f"{_name} IS NOT NULL"),
    )
Index("ix_carrier_click_received_at", carrier_click.c.received_at)
