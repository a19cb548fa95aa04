"""Days of trackers that are over.

Revision ID: 0011_day_markers
Revises: 0010_analytics
"""

from adapters.postgres.migrations.parts import run_part

revision = "0011_day_markers"
down_revision = "0010_analytics"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove them."""
    run_part(__file__, "down")
