"""What a company's days were worth, as far as the feed of events was read."""

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

feed_cursor = Table(
    "feed_cursor",
    metadata,
    Column("reader", Text, primary_key=True),
    Column("transaction", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("as_of", _INSTANT),
)

told_operation = Table(
    "told_operation",
    metadata,
    Column("operation_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("reverses_kind", Text),
    Column("task_id", Uuid),
    Column("currency", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("occurred_at", _INSTANT, nullable=False),
)
Index(
    "ix_told_operation_dearest",
    told_operation.c.currency,
    told_operation.c.day,
    told_operation.c.amount_minor.desc(),
    told_operation.c.occurred_at,
    told_operation.c.task_id,
    postgresql_where=text("kind = 'TASK_REWARD'"),
)
Index(
    "ix_told_operation_task",
    told_operation.c.task_id,
    postgresql_where=text("kind = 'TASK_REWARD' OR reverses_kind = 'TASK_REWARD'"),
)

company_day = Table(
    "company_day",
    metadata,
    Column("dated", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("currency", Text, nullable=False),
    Column("fees_minor", BigInteger, nullable=False),
    Column("rewards_minor", BigInteger, nullable=False),
    Column("adjustments_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("dated", "day", "currency", name="pk_company_day"),
    CheckConstraint("dated IN ('value', 'posting')", name="dated"),
)

person_day = Table(
    "person_day",
    metadata,
    Column("person_id", Uuid, nullable=False),
    Column("currency", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("net_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("person_id", "currency", "day", name="pk_person_day"),
)
Index(
    "ix_person_day_red",
    person_day.c.day,
    person_day.c.person_id,
    postgresql_where=text("net_minor < 0"),
)

person_balance = Table(
    "person_balance",
    metadata,
    Column("person_id", Uuid, nullable=False),
    Column("currency", Text, nullable=False),
    Column("balance_minor", BigInteger, nullable=False),
    Column("wallet_seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("person_id", "currency", name="pk_person_balance"),
)
Index(
    "ix_person_balance_red",
    person_balance.c.balance_minor,
    person_balance.c.person_id,
    person_balance.c.currency,
    postgresql_where=text("balance_minor < 0"),
)

top_task_day = Table(
    "top_task_day",
    metadata,
    Column("currency", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("completed_at", _INSTANT, nullable=False),
    Column("task_id", Uuid, nullable=False),
    PrimaryKeyConstraint("currency", "day", name="pk_top_task_day"),
)

red_day = Table(
    "red_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("people", Integer, nullable=False),
)
