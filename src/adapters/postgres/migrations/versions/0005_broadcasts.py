"""The texts of a day that operators who charge by themselves are given, one a service.

Revision ID: 0005_broadcasts
Revises: 0004_carrier
"""

from adapters.postgres.migrations.parts import run_part

revision = "0005_broadcasts"
down_revision = "0004_carrier"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove it."""
    run_part(__file__, "down")
