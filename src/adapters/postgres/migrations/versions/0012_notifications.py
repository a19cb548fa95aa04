"""What people are told of their money, and how far the telling is.

Revision ID: 0012_notifications
Revises: 0011_day_markers
"""

from adapters.postgres.migrations.parts import run_part

revision = "0012_notifications"
down_revision = "0011_day_markers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove it."""
    run_part(__file__, "down")
