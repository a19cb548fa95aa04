"""Captcha: challenges that were put, for the count of an address, and passes not used yet."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

from adapters.postgres.tables.metadata import metadata

_INSTANT = DateTime(timezone=True)

captcha_challenge = Table(
    "captcha_challenge",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("address_code", LargeBinary, nullable=False),
    Column("answer_code", LargeBinary),
    Column("tries", SmallInteger, nullable=False, server_default=text("0")),
    Column("created_at", _INSTANT, nullable=False, server_default=text("now()")),
    Column("expires_at", _INSTANT, nullable=False),
    Column("solved_at", _INSTANT),
    CheckConstraint("tries >= 0", name="tries"),
)
Index(
    "ix_captcha_challenge_address",
    captcha_challenge.c.address_code,
    captcha_challenge.c.created_at,
)
Index("ix_captcha_challenge_created_at", captcha_challenge.c.created_at)

captcha_pass = Table(
    "captcha_pass",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("created_at", _INSTANT, nullable=False, server_default=text("now()")),
    Column("expires_at", _INSTANT, nullable=False),
)
Index("ix_captcha_pass_expires_at", captcha_pass.c.expires_at)
