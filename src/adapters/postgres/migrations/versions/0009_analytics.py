"""What a company's days were worth: sums, the dearest task and who is in the red, from events.

Revision ID: 0009_analytics
Revises: 0008_tasks
"""

from adapters.postgres.migrations.parts import run_part

revision = "0009_analytics"
down_revision = "0008_tasks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove them."""
    run_part(__file__, "down")
