"""Billing: money taken is on the books once, periods are paid once, every change has its cause."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg

from adapters.postgres.invoices import GENESIS, from_row, link, read_event
from adapters.postgres.tables.payments import OPEN_PAYMENT
from application.invariants import Violation
from domain.payments.invoice import fold, status_of
from domain.shared.errors import DomainError


class _Rule(NamedTuple):
    number: int
    name: str
    query: str


# Each query names what breaks its rule; LIMIT keeps a disaster readable.
_RULES = (
    _Rule(
        6,
        "every captured payment has exactly one operation",
        "SELECT 'payment ' || payment.id AS broken FROM payment "
        "LEFT JOIN operation ON operation.key = 'capture:' || payment.id "
        "WHERE captured_minor IS NOT NULL AND operation.id IS NULL",
    ),
    _Rule(
        6,
        "every capture on the books has its payment",
        "SELECT 'operation ' || operation.key AS broken FROM operation "
        "LEFT JOIN payment ON 'capture:' || payment.id = operation.key "
        "AND captured_minor IS NOT NULL "
        "WHERE operation.kind = 'charge_captured' AND payment.id IS NULL",
    ),
    _Rule(
        6,
        "every refund that went through is on the books",
        "SELECT 'refund ' || refund.id AS broken FROM refund "
        "LEFT JOIN operation ON operation.key = 'refund:' || refund.id "
        "WHERE (refund.status = 'succeeded') <> (operation.id IS NOT NULL)",
    ),
    _Rule(
        7,
        "at most one payment is open per invoice",
        f"SELECT 'invoice ' || invoice_id AS broken FROM payment WHERE {OPEN_PAYMENT} "  # noqa: S608
        "GROUP BY invoice_id HAVING count(*) > 1",
    ),
    _Rule(
        7,
        "a processing invoice has its open payment",
        "SELECT 'invoice ' || invoice.id AS broken FROM invoice "  # noqa: S608
        f"LEFT JOIN payment ON payment.invoice_id = invoice.id AND payment.{OPEN_PAYMENT} "
        "WHERE invoice.status IN ('processing', 'canceling') AND payment.id IS NULL",
    ),
    _Rule(
        8,
        "refunds never exceed what was captured",
        "SELECT 'payment ' || payment.id AS broken FROM payment "
        "JOIN refund ON refund.payment_id = payment.id AND refund.status <> 'declined' "
        "GROUP BY payment.id HAVING sum(refund.amount_minor) > coalesce(captured_minor, 0)",
    ),
    _Rule(
        8,
        "an approved refund ticket stands as its refund does",
        "SELECT 'refund ticket ' || ticket.id AS broken FROM refund_ticket AS ticket "
        "LEFT JOIN refund ON refund.id = ticket.id WHERE ticket.status <> CASE "
        "WHEN refund.id IS NULL AND ticket.status IN ('open', 'awaiting_second', 'rejected') "
        "THEN ticket.status WHEN refund.status = 'succeeded' THEN 'refunded' "
        "WHEN refund.status = 'declined' THEN 'failed' "
        "WHEN refund.id IS NOT NULL THEN 'approved' ELSE 'refundless' END",
    ),
    _Rule(
        10,
        "paid periods of a subscription do not overlap",
        "SELECT 'subscription ' || subscription_id AS broken FROM ("
        "SELECT subscription_id, period_start, lag(period_end) OVER ("
        "PARTITION BY subscription_id ORDER BY period_start) AS before "
        "FROM subscription_period) AS ordered WHERE period_start < before",
    ),
    _Rule(
        10,
        "a paid period belongs to a paid invoice",
        "SELECT 'invoice ' || invoice.id AS broken FROM subscription_period AS period "
        "JOIN invoice ON invoice.id = period.invoice_id "
        "WHERE invoice.status NOT IN ('paid', 'refunding', 'partially_refunded', 'refunded')",
    ),
    _Rule(
        11,
        "nobody has access without a period that was granted",
        "SELECT 'subscription ' || subscription.id AS broken FROM subscription "
        "WHERE status IN ('active', 'past_due') AND period_start IS NOT NULL AND NOT EXISTS ("
        "SELECT FROM subscription_period AS period WHERE period.subscription_id = subscription.id "
        "AND period.period_start <= subscription.period_start "
        "AND period.period_end >= subscription.period_start)",
    ),
    _Rule(
        14,
        "a reserved payment has a message or a date to be asked for",
        "SELECT 'payment ' || id AS broken FROM payment "
        "WHERE status IN ('reserved', 'sent', 'accepted', 'authorized', 'unknown') "
        "AND next_ask_at IS NULL",
    ),
    _Rule(
        14,
        "a subscription that waits for a charge has an open payment",
        "SELECT 'subscription ' || subscription.id AS broken FROM subscription "  # noqa: S608
        "WHERE charge_invoice_id IS NOT NULL AND NOT EXISTS (SELECT FROM payment "
        f"WHERE payment.invoice_id = charge_invoice_id AND {OPEN_PAYMENT}) "
        "AND status IN ('created', 'active', 'past_due', 'paused')",
    ),
    _Rule(
        17,
        "every change of an invoice has an actor and a reason",
        "SELECT 'invoice ' || invoice_id || ' event ' || seq AS broken FROM invoice_event "
        "WHERE actor = '' OR reason = ''",
    ),
    _Rule(
        17,
        "every paid invoice with money to pay was paid by a captured payment",
        "SELECT 'invoice ' || invoice.id AS broken FROM invoice "
        "WHERE status IN ('paid', 'refunding', 'partially_refunded', 'refunded') "
        "AND amount_minor > 0 AND NOT EXISTS (SELECT FROM payment "
        "WHERE payment.invoice_id = invoice.id AND captured_minor IS NOT NULL)",
    ),
    _Rule(
        5,
        "invoice numbers of a year have no gaps",
        "SELECT 'year ' || year AS broken FROM invoice_counter WHERE last <> ("
        "SELECT count(*) FROM invoice WHERE number LIKE year || '-%')",
    ),
)


async def check_billing(driver: asyncpg.Connection) -> Sequence[Violation]:
    """Check rules 5 to 8, 10, 11, 14, 17 and 18 for everything that was ever billed."""
    found: list[Violation] = []
    for rule in _RULES:
        broken = await driver.fetch(f"{rule.query} LIMIT 20")
        found += [Violation(rule.number, rule.name, row["broken"]) for row in broken]
    return found


async def replay_chains(
    driver: asyncpg.Connection, *, since: datetime | None = None
) -> Sequence[Violation]:
    """Fold the chain of every invoice (issued since then) and hold it against its row.

    The rows are streamed in the order of invoices, so memory stays flat.
    """
    found: list[Violation] = []
    async with driver.transaction(isolation="repeatable_read", readonly=True):
        cursor = driver.cursor(
            "SELECT invoice.*, event.seq, event.name, event.data, event.hash, "
            "event.status AS told FROM invoice "
            "JOIN invoice_event AS event ON event.invoice_id = invoice.id "
            "WHERE $1::timestamptz IS NULL OR issued_at >= $1 ORDER BY invoice.id, event.seq",
            since,
            prefetch=2000,
        )
        rows: list[asyncpg.Record] = []
        async for row in cursor:
            if rows and row["id"] != rows[0]["id"]:
                found += _replay(rows)
                rows = []
            rows.append(row)
        if rows:
            found += _replay(rows)
    return found


def _replay(rows: Sequence[asyncpg.Record]) -> Sequence[Violation]:
    try:
        return _held_against_its_row(rows)
    except (DomainError, TypeError, ValueError, KeyError, AssertionError) as error:
        detail = f"invoice {rows[0]['id']}: {type(error).__name__}: {error}"
        return [Violation(18, "a chain can be read and replayed", detail)]


def _held_against_its_row(rows: Sequence[asyncpg.Record]) -> Sequence[Violation]:
    invoice = from_row(rows[0])
    if [row["seq"] for row in rows] != list(range(1, invoice.length + 1)):
        return [Violation(18, "a chain has no gaps", f"invoice {invoice.id}")]
    before = GENESIS
    for row in rows:
        before = link(before, row["name"], row["seq"], row["data"])
        if before != row["hash"]:
            return [Violation(4, "a chain is as it was written", f"invoice {invoice.id}")]
    state = fold([read_event(row["name"], row["data"]) for row in rows], invoice.money)
    if state != invoice.state or rows[-1]["told"] != status_of(state):
        detail = f"invoice {invoice.id}: chain {status_of(state)}, row {status_of(invoice.state)}"
        return [Violation(18, "the fold of a chain is its status", detail)]
    return []
