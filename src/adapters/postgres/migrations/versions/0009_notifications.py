"""What people are told of their money, and how far the telling is.

Revision ID: 0009_notifications
Revises: 0008_tasks
"""

from adapters.postgres.migrations.parts import run_part

revision = "0009_notifications"
down_revision = "0008_tasks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove it."""
    run_part(__file__, "down")
