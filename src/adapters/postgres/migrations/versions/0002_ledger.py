"""The books: tables, and the rules they keep whoever writes to them.

Revision ID: 0002_ledger
Revises: 0001_messages
"""

from adapters.postgres.migrations.parts import run_part

revision = "0002_ledger"
down_revision = "0001_messages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, then the functions and triggers that guard them."""
    for part in ("tables", "rules", "post"):
        run_part(__file__, part)


def downgrade() -> None:
    """Remove the books."""
    run_part(__file__, "down")
