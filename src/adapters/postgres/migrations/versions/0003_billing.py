"""Customers, the catalog, subscriptions, invoices, payments and job runs.

Revision ID: 0003_billing
Revises: 0002_ledger
"""

from adapters.postgres.migrations.parts import run_part

revision = "0003_billing"
down_revision = "0002_ledger"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and the rules that guard them."""
    for part in ("tables", "rules"):
        run_part(__file__, part)


def downgrade() -> None:
    """Remove them."""
    run_part(__file__, "down")
