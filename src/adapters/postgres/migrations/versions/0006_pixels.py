"""Postbacks to advertisers: what is sent to whom, what was sent, and clicks that wait for orders.

Revision ID: 0006_pixels
Revises: 0005_broadcasts
"""

from adapters.postgres.migrations.parts import run_part

revision = "0006_pixels"
down_revision = "0005_broadcasts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and the views."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove them."""
    run_part(__file__, "down")
