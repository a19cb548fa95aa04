"""Refund tickets: who wants how much of a payment back, and what people made of it.

`status` names the state's class and `state` holds exactly the fields that class has.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from adapters.postgres.tables.metadata import metadata

_INSTANT = DateTime(timezone=True)
OPEN_TICKET = "status IN ('open', 'awaiting_second', 'approved')"

refund_ticket = Table(
    "refund_ticket",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("payment_id", Uuid, ForeignKey("payment.id"), nullable=False),
    Column("customer_id", Uuid, ForeignKey("customer.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("state", JSONB, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint(
        "status IN ('open', 'awaiting_second', 'approved', 'rejected', 'refunded', 'failed')",
        name="status",
    ),
    CheckConstraint(
        "split_part(state #>> '{approval,second}', ':', 2) "
        "<> split_part(state #>> '{approval,by}', ':', 2)",
        name="four_eyes",
    ),
)
Index(
    "uq_refund_ticket_open",
    refund_ticket.c.payment_id,
    unique=True,
    postgresql_where=text(OPEN_TICKET),
)
Index("ix_refund_ticket_payment", refund_ticket.c.payment_id)
Index("ix_refund_ticket_customer", refund_ticket.c.customer_id, refund_ticket.c.id)
Index("ix_refund_ticket_status", refund_ticket.c.status, refund_ticket.c.id)
