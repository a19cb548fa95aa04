"""What a company's days were worth: sums, the dearest task and who is in the red, from events.

Revision ID: 0010_analytics
Revises: 0009_corrections
"""

from adapters.postgres.migrations.parts import run_part

revision = "0010_analytics"
down_revision = "0009_corrections"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove them."""
    run_part(__file__, "down")
