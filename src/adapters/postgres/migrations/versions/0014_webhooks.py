"""Endpoints that are told of events, their secrets, and what was told to whom.

Revision ID: 0014_webhooks
Revises: 0013_payout_methods
"""

from adapters.postgres.migrations.parts import run_part

revision = "0014_webhooks"
down_revision = "0013_payout_methods"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove them."""
    run_part(__file__, "down")
