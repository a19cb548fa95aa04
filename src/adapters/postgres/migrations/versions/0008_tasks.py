"""People, tasks with their assignments, shuffles, and who told an event.

Revision ID: 0008_tasks
Revises: 0007_accounts
"""

from adapters.postgres.migrations.parts import run_part

revision = "0008_tasks"
down_revision = "0007_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove them."""
    run_part(__file__, "down")
