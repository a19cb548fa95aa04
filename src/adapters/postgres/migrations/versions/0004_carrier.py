"""Operators and their services, numbers, orders, lists, and the number's side of a subscription.

Revision ID: 0004_carrier
Revises: 0003_billing
"""

from adapters.postgres.migrations.parts import run_part

revision = "0004_carrier"
down_revision = "0003_billing"
branch_labels = None
depends_on = None

# Each part stands beside its undoing: `core.sql` and `core_down.sql`.
_ORDER = ("core", "sms", "journal", "views")


def upgrade() -> None:
    """Create the tables and views, and widen what cards and numbers share."""
    for part in _ORDER:
        run_part(__file__, part)


def downgrade() -> None:
    """Remove them."""
    for part in reversed(_ORDER):
        run_part(__file__, f"{part}_down")
