"""Invoices with their chains, charge attempts, refunds, methods, and what gateways said.

`status` names the state's class and `state` holds exactly the fields that class has; the columns
beside them are what constraints, the calendar and the reports look for.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
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
OPEN_PAYMENT = "status IN ('reserved', 'sent', 'accepted', 'authorized', 'unknown', 'review')"
OPEN_REFUND = "status IN ('reserved', 'sent', 'pending', 'unknown')"

payment_method = Table(
    "payment_method",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, ForeignKey("customer.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("last4", Text),
    Column("saved_at", _INSTANT, nullable=False),
    Column("inactive_reason", Text),
    Column("version", Integer, nullable=False),
    UniqueConstraint("provider", "external_id", name="uq_payment_method_external"),
    # What a method is charged for carries its owner along: nobody pays with another's card.
    UniqueConstraint("id", "customer_id", name="uq_payment_method_owner"),
)
Index(
    "ix_payment_method_customer",
    payment_method.c.customer_id,
    payment_method.c.provider,
    payment_method.c.saved_at,
    postgresql_where=text("inactive_reason IS NULL"),
)

invoice_counter = Table(
    "invoice_counter",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

invoice = Table(
    "invoice",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("wire_id", BigInteger, Identity(always=True), nullable=False),
    Column("number", Text),
    Column("customer_id", Uuid, ForeignKey("customer.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("subscription_id", Uuid),
    Column("price_id", Uuid),
    Column("period_start", _INSTANT),
    Column("period_end", _INSTANT),
    Column("reference", Text),
    Column("description", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("state", JSONB, nullable=False),
    Column("issued_at", _INSTANT, nullable=False),
    Column("due_at", _INSTANT, nullable=False),
    Column("length", Integer, nullable=False),
    Column("chain_hash", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("wire_id", name="uq_invoice_wire_id"),
    UniqueConstraint("number", name="uq_invoice_number"),
    UniqueConstraint("subscription_id", "period_start", name="uq_invoice_period"),
    CheckConstraint("purpose IN ('renewal', 'purchase', 'manual')", name="purpose"),
    CheckConstraint(
        "(purpose = 'renewal') = (subscription_id IS NOT NULL) "
        "AND (subscription_id IS NULL) = (period_start IS NULL)",
        name="renewal",
    ),
    CheckConstraint("amount_minor >= 0", name="amount"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint(
        "status IN ('issued', 'processing', 'canceling', 'paid', 'canceled', 'expired', "
        "'refunding', 'partially_refunded', 'refunded', 'review')",
        name="status",
    ),
)
Index("ix_invoice_customer", invoice.c.customer_id, invoice.c.id)
Index(
    "ix_invoice_due",
    invoice.c.due_at,
    invoice.c.id,
    postgresql_where=text("status = 'issued'"),
)

invoice_event = Table(
    "invoice_event",
    metadata,
    Column("invoice_id", Uuid, ForeignKey("invoice.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid),
    Column("occurred_at", _INSTANT, nullable=False),
    Column("recorded_at", _INSTANT, nullable=False, server_default=text("now()")),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("invoice_id", "seq", name="pk_invoice_event"),
    CheckConstraint("seq > 0", name="seq"),
)

payment = Table(
    "payment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("wire_id", BigInteger, Identity(always=True), nullable=False),
    Column("invoice_id", Uuid, ForeignKey("invoice.id"), nullable=False),
    Column("customer_id", Uuid, ForeignKey("customer.id"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("occasion", Text, nullable=False, server_default=text("'saved'")),
    Column("method_id", Uuid),
    Column("saves_method", Boolean, nullable=False),
    Column("return_url", Text),
    Column("status", Text, nullable=False),
    Column("state", JSONB, nullable=False),
    Column("external_id", Text),
    Column("decline_reason", Text),
    Column("declined_at", _INSTANT),
    Column("captured_minor", BigInteger),
    Column("captured_at", _INSTANT),
    Column("refunded_minor", BigInteger, nullable=False, server_default=text("0")),
    Column("created_at", _INSTANT, nullable=False),
    Column("asked", Integer, nullable=False),
    Column("next_ask_at", _INSTANT),
    Column("version", Integer, nullable=False),
    Column("receipt", JSONB),
    ForeignKeyConstraint(
        ["method_id", "customer_id"],
        ["payment_method.id", "payment_method.customer_id"],
        name="fk_payment_method_owner",
    ),
    UniqueConstraint("wire_id", name="uq_payment_wire_id"),
    UniqueConstraint("provider", "external_id", name="uq_payment_external"),
    UniqueConstraint("invoice_id", "number", name="uq_payment_number"),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint(
        "occasion IN ('checkout', 'saved', 'mo', 'periodic', 'retry', 'injection', 'expired', "
        "'reported')",
        name="occasion",
    ),
    CheckConstraint(
        "status IN ('reserved', 'sent', 'accepted', 'authorized', 'succeeded', 'declined', "
        "'refused', 'unknown', 'canceled', 'expired', 'review', 'partially_refunded', "
        "'refunded', 'disputed')",
        name="status",
    ),
    CheckConstraint(
        "(status IN ('succeeded', 'partially_refunded', 'refunded', 'disputed')) "
        "= (captured_minor IS NOT NULL)",
        name="captured",
    ),
    CheckConstraint("refunded_minor BETWEEN 0 AND coalesce(captured_minor, 0)", name="refunded"),
)
Index(
    "uq_payment_open",
    payment.c.invoice_id,
    unique=True,
    postgresql_where=text(OPEN_PAYMENT),
)
Index(
    "ix_payment_next_ask_at",
    payment.c.next_ask_at,
    payment.c.id,
    postgresql_where=text("next_ask_at IS NOT NULL"),
)
Index(
    "ix_payment_open_since",
    payment.c.id,
    payment.c.created_at,
    postgresql_where=text(OPEN_PAYMENT),
)
Index(
    "ix_payment_declines",
    payment.c.method_id,
    payment.c.declined_at,
    postgresql_where=text("declined_at IS NOT NULL"),
)
Index("ix_payment_customer", payment.c.customer_id, payment.c.id)

refund = Table(
    "refund",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("payment_id", Uuid, ForeignKey("payment.id"), nullable=False),
    Column("invoice_id", Uuid, ForeignKey("invoice.id"), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("state", JSONB, nullable=False),
    Column("external_id", Text),
    Column("created_at", _INSTANT, nullable=False),
    Column("asked", Integer, nullable=False),
    Column("next_ask_at", _INSTANT),
    Column("version", Integer, nullable=False),
    Column("receipt", JSONB),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint(
        "status IN ('reserved', 'sent', 'pending', 'unknown', 'succeeded', 'declined')",
        name="status",
    ),
)
Index("ix_refund_payment", refund.c.payment_id)
Index("ix_refund_external", refund.c.external_id)
Index(
    "ix_refund_next_ask_at",
    refund.c.next_ask_at,
    refund.c.id,
    postgresql_where=text("next_ask_at IS NOT NULL"),
)

gateway_exchange = Table(
    "gateway_exchange",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("payment_id", Uuid, nullable=False),
    Column("provider", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("external_id", Text),
    Column("raw", JSONB, nullable=False),
    Column("at", _INSTANT, nullable=False),
    Column("recorded_at", _INSTANT, nullable=False, server_default=text("now()")),
)
Index("ix_gateway_exchange_payment", gateway_exchange.c.payment_id, gateway_exchange.c.id)

discrepancy = Table(
    "discrepancy",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("provider", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("expected", Text, nullable=False),
    Column("actual", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'open'")),
    Column("note", Text),
    Column("found_at", _INSTANT, nullable=False),
    Column("resolved_at", _INSTANT),
    UniqueConstraint("provider", "external_id", "kind", name="uq_discrepancy"),
    CheckConstraint("status IN ('open', 'resolved')", name="status"),
)

job_run = Table(
    "job_run",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("job", Text, nullable=False),
    Column("business_time", _INSTANT, nullable=False),
    Column("dry_run", Boolean, nullable=False),
    Column("actor", Text, nullable=False),
    Column("started_at", _INSTANT, nullable=False, server_default=text("now()")),
    Column("finished_at", _INSTANT),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("errors", JSONB, nullable=False, server_default=text("'[]'")),
    Column("error", Text),
    Column("watermark", _INSTANT),
)
Index("ix_job_run_job", job_run.c.job, job_run.c.id)
