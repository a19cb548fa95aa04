"""Payouts that a provider carries out, and where people's payouts go.

Revision ID: 0013_payout_methods
Revises: 0012_notifications
"""

from adapters.postgres.migrations.parts import run_part

revision = "0013_payout_methods"
down_revision = "0012_notifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table and the columns."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove them."""
    run_part(__file__, "down")
