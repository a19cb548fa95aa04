"""The books: accounts, operations and their entries, and the balances kept beside them.

Operations and entries are the truth and are only ever inserted; balances follow from entries by
a trigger. What the tables refuse, whoever inserts, stands in migration `0002_ledger`.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from adapters.postgres.tables.metadata import metadata

account = Table(
    "account",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("owner", UUID),
    Column("currency", Text, nullable=False),
    Column("floor_minor", BigInteger),
    Column("opened_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("code", "owner", "currency", postgresql_nulls_not_distinct=True),
    CheckConstraint("kind IN ('asset', 'liability', 'income', 'expense', 'equity')", name="kind"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("floor_minor IS NULL OR owner IS NOT NULL", name="only_personal_limited"),
    Index("ix_account_owner", "owner", postgresql_where=text("owner IS NOT NULL")),
)

operation = Table(
    "operation",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("value_date", Date, nullable=False),
    Column("posting_date", Date, nullable=False),
    Column("entry_count", SmallInteger, nullable=False),
    Column("correlation_id", UUID, nullable=False),
    Column("causation_id", UUID),
    Column("attempt_id", UUID),
    Column("refund_id", UUID),
    Column("invoice_id", UUID),
    Column("reverses", UUID),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("key"),
    CheckConstraint("posting_date >= value_date", name="never_early"),
    CheckConstraint("entry_count BETWEEN 2 AND 1000", name="entry_count"),
    Index(
        "uq_operation_reverses",
        "reverses",
        unique=True,
        postgresql_where=text("reverses IS NOT NULL"),
    ),
    Index("ix_operation_attempt_id", "attempt_id", postgresql_where=text("attempt_id IS NOT NULL")),
    Index("ix_operation_refund_id", "refund_id", postgresql_where=text("refund_id IS NOT NULL")),
)

entry = Table(
    "entry",
    metadata,
    Column("operation_id", UUID, nullable=False),
    Column("account_id", UUID, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("posting_date", Date, nullable=False),
    Column("seq", SmallInteger, nullable=False),
    Column("currency", Text, nullable=False),
    PrimaryKeyConstraint("operation_id", "seq"),
    CheckConstraint("amount_minor <> 0 AND abs(amount_minor) <= 1000000000000000", name="amount"),
    Index("ix_entry_account_id", "account_id", "posting_date", "operation_id"),
)

account_balance = Table(
    "account_balance",
    metadata,
    Column("account_id", UUID, nullable=False),
    Column("balance_minor", BigInteger, nullable=False),
    Column("floor_minor", BigInteger),
    Column("shard", SmallInteger, nullable=False),
    Column("normal_sign", SmallInteger, nullable=False),
    Column("currency", Text, nullable=False),
    PrimaryKeyConstraint("account_id", "shard"),
    CheckConstraint(
        "floor_minor IS NULL OR normal_sign * balance_minor >= floor_minor", name="floor"
    ),
)

day_balance = Table(
    "day_balance",
    metadata,
    Column("account_id", UUID, nullable=False),
    Column("debit_minor", BigInteger, nullable=False),
    Column("credit_minor", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("shard", SmallInteger, nullable=False),
    Column("entries", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "day", "shard"),
)

ledger_calendar = Table(
    "ledger_calendar",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False, server_default=text("1")),
    Column("zone", Text, nullable=False),
    Column("closed_through", Date),
    CheckConstraint("id = 1", name="only_row"),
)
