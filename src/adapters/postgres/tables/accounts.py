"""Tasks as the books know them, people's wallets, days that are settled, and payouts."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from adapters.postgres.tables.metadata import metadata

_INSTANT = DateTime(timezone=True)

task_account = Table(
    "task_account",
    metadata,
    Column("task_id", Uuid, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("reward_minor", BigInteger, nullable=False),
    Column("pricing_version", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("assignee_id", Uuid),
    Column("last_no", Integer, nullable=False),
    Column("completed_by", Uuid),
    Column("completed_no", Integer),
    Column("completed_at", _INSTANT),
    Column("details_version", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("jira_id", Text),
    Column("description", Text),
    Column("author_id", Uuid),
    CheckConstraint("state IN ('unknown', 'priced', 'assigned', 'completed')", name="state"),
    CheckConstraint("fee_minor > 0 AND reward_minor > 0", name="prices"),
    CheckConstraint(
        "(state = 'completed') = (completed_by IS NOT NULL) "
        "AND (state = 'completed') = (completed_no IS NOT NULL) "
        "AND (state = 'completed') = (completed_at IS NOT NULL)",
        name="completed",
    ),
)
Index(
    "ix_task_account_completed_at",
    task_account.c.completed_at,
    task_account.c.reward_minor.desc(),
    postgresql_where=text("state = 'completed'"),
)

parked_fact = Table(
    "parked_fact",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("task_id", Uuid, nullable=False),
    Column("why", Text, nullable=False),
    Column("envelope", JSONB, nullable=False),
    Column("occurred_at", _INSTANT, nullable=False),
    Column("parked_at", _INSTANT, nullable=False),
    CheckConstraint("why IN ('unknown_task', 'future')", name="why"),
)
Index(
    "ix_parked_fact_task_id",
    parked_fact.c.task_id,
    postgresql_where=text("why = 'unknown_task'"),
)
Index("ix_parked_fact_occurred_at", parked_fact.c.occurred_at)

dead_fact = Table(
    "dead_fact",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("task_id", Uuid),
    Column("why", Text, nullable=False),
    Column("envelope", JSONB, nullable=False),
    Column("died_at", _INSTANT, nullable=False),
)
Index("ix_dead_fact_died_at", dead_fact.c.died_at, dead_fact.c.event_id)
Index("ix_dead_fact_task_id", dead_fact.c.task_id, postgresql_where=text("task_id IS NOT NULL"))

wallet = Table(
    "wallet",
    metadata,
    Column("person_id", Uuid, nullable=False),
    Column("currency", Text, nullable=False),
    Column("balance_minor", BigInteger, nullable=False),
    Column("carry_minor", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("last_run", Date),
    Column("is_held", Boolean, nullable=False),
    PrimaryKeyConstraint("person_id", "currency", name="pk_wallet"),
)
Index(
    "ix_wallet_carry",
    wallet.c.person_id,
    wallet.c.currency,
    postgresql_where=text("carry_minor > 0"),
)
Index(
    "ix_wallet_red",
    wallet.c.balance_minor,
    wallet.c.person_id,
    postgresql_where=text("balance_minor < 0"),
)

wallet_entry = Table(
    "wallet_entry",
    metadata,
    Column("person_id", Uuid, nullable=False),
    Column("currency", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("operation_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("balance_minor", BigInteger, nullable=False),
    Column("task_id", Uuid),
    Column("assignation_id", Uuid),
    Column("payout_id", Uuid),
    Column("value_date", Date, nullable=False),
    Column("posting_date", Date, nullable=False),
    Column("occurred_at", _INSTANT, nullable=False),
    PrimaryKeyConstraint("person_id", "currency", "seq", name="pk_wallet_entry"),
    UniqueConstraint("operation_id", name="uq_wallet_entry_operation_id"),
    CheckConstraint("amount_minor <> 0", name="amount"),
    CheckConstraint(
        "kind IN ('ASSIGN_FEE', 'TASK_REWARD', 'PAYOUT', 'PAYOUT_RETURNED', 'ADJUSTMENT', "
        "'REVERSAL')",
        name="kind",
    ),
)
Index("ix_wallet_entry_value_date", wallet_entry.c.value_date, wallet_entry.c.kind)

wallet_day = Table(
    "wallet_day",
    metadata,
    Column("person_id", Uuid, nullable=False),
    Column("currency", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("fees_minor", BigInteger, nullable=False),
    Column("rewards_minor", BigInteger, nullable=False),
    Column("adjustments_minor", BigInteger, nullable=False),
    Column("operations", Integer, nullable=False),
    Column("settled_run", Date),
    PrimaryKeyConstraint("person_id", "currency", "day", name="pk_wallet_day"),
    CheckConstraint("settled_run >= day", name="settled"),
)
Index(
    "ix_wallet_day_unsettled",
    wallet_day.c.day,
    wallet_day.c.person_id,
    wallet_day.c.currency,
    postgresql_where=text("settled_run IS NULL"),
)

payout_run = Table(
    "payout_run",
    metadata,
    Column("day", Date, primary_key=True),
    Column("status", Text, nullable=False),
    Column("closed_at", _INSTANT, nullable=False),
    Column("done_at", _INSTANT),
    CheckConstraint("status IN ('closed', 'done')", name="status"),
    CheckConstraint("(status = 'done') = (done_at IS NOT NULL)", name="done"),
)
Index("ix_payout_run_open", payout_run.c.day, postgresql_where=text("status = 'closed'"))

settlement = Table(
    "settlement",
    metadata,
    Column("person_id", Uuid, nullable=False),
    Column("currency", Text, nullable=False),
    Column("run", Date, nullable=False),
    Column("opening_minor", BigInteger, nullable=False),
    Column("net_minor", BigInteger, nullable=False),
    Column("payout_minor", BigInteger, nullable=False),
    Column("closing_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("person_id", "currency", "run", name="pk_settlement"),
    CheckConstraint("opening_minor + net_minor = payout_minor + closing_minor", name="adds_up"),
    CheckConstraint("payout_minor >= 0", name="payout"),
)

payout = Table(
    "payout",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("currency", Text, nullable=False),
    Column("run", Date, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("decided_at", _INSTANT),
    Column("method", Text, nullable=False, server_default="ledger"),
    Column("account", Text),
    Column("sent_at", _INSTANT),
    Column("reference", Text),
    Column("why", Text),
    UniqueConstraint("person_id", "currency", "run", name="uq_payout_run"),
    CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name="decided"),
    CheckConstraint("method = 'ledger' OR account IS NOT NULL", name="account"),
    CheckConstraint("(state = 'returned') = (why IS NOT NULL)", name="why"),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint("state IN ('pending', 'settled', 'returned')", name="state"),
    ForeignKeyConstraint(
        ["person_id", "currency", "run"],
        ["settlement.person_id", "settlement.currency", "settlement.run"],
        name="fk_payout_settlement",
    ),
)
Index("ix_payout_run_day", payout.columns["run"], payout.c.id)
Index(
    "ix_payout_pending",
    payout.c.created_at,
    payout.c.id,
    postgresql_where=text("state = 'pending'"),
)

correction = Table(
    "correction",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("operation_id", Uuid),
    Column("reversed_kind", Text),
    Column("task_id", Uuid),
    Column("reason", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", _INSTANT, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", _INSTANT),
    Column("note", Text),
    Column("posted_id", Uuid),
    CheckConstraint("amount_minor <> 0", name="amount"),
    CheckConstraint("state IN ('proposed', 'approved', 'rejected')", name="state"),
    CheckConstraint(
        "(state = 'proposed') = (decided_by IS NULL) "
        "AND (state = 'proposed') = (decided_at IS NULL)",
        name="decided",
    ),
    CheckConstraint("(state = 'approved') = (posted_id IS NOT NULL)", name="posted"),
    CheckConstraint(
        "split_part(decided_by, ':', 2) <> split_part(proposed_by, ':', 2)", name="four_eyes"
    ),
)
Index(
    "uq_correction_operation_id",
    correction.c.operation_id,
    unique=True,
    postgresql_where=text("operation_id IS NOT NULL AND state <> 'rejected'"),
)
Index("ix_correction_person_id", correction.c.person_id, correction.c.id)
Index("ix_correction_open", correction.c.id, postgresql_where=text("state = 'proposed'"))

payout_destination = Table(
    "payout_destination",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("account", Text, nullable=False),
    Column("set_at", _INSTANT, nullable=False),
    Column("set_by", Text, nullable=False),
    CheckConstraint("account ~ '^[0-9]{11,33}$'", name="account"),
)
