"""Refund tickets, captcha challenges and passes.

Revision ID: 0016_refund_tickets
Revises: 0015_managers
"""

from adapters.postgres.migrations.parts import run_part

revision = "0016_refund_tickets"
down_revision = "0015_managers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove them."""
    run_part(__file__, "down")
