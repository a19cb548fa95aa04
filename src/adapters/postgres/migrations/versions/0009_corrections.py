"""Corrections by hand, with four eyes.

Revision ID: 0009_corrections
Revises: 0008_tasks
"""

from adapters.postgres.migrations.parts import run_part

revision = "0009_corrections"
down_revision = "0008_tasks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove it."""
    run_part(__file__, "down")
