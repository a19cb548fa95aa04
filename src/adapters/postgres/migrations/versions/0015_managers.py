"""What managers do: plan changes, what periods are worth, prices to come, promotions.

Revision ID: 0015_managers
Revises: 0014_webhooks
"""

from adapters.postgres.migrations.parts import run_part

revision = "0015_managers"
down_revision = "0014_webhooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the columns and tables."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove them."""
    run_part(__file__, "down")
