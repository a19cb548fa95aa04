"""Tasks as the books know them, people's wallets, days that are settled, and payouts.

Revision ID: 0007_accounts
Revises: 0006_pixels
"""

from adapters.postgres.migrations.parts import run_part

revision = "0007_accounts"
down_revision = "0006_pixels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    run_part(__file__, "up")


def downgrade() -> None:
    """Remove them."""
    run_part(__file__, "down")
