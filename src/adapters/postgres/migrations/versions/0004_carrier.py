"""Operators and their services, numbers, orders, lists, and the number's side of a subscription.

Revision ID: 0004_carrier
Revises: 0003_billing
"""

from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy.util import await_only

revision = "0004_carrier"
down_revision = "0003_billing"
branch_labels = None
depends_on = None

_PARTS = Path(__file__).with_suffix("")
# Each part stands beside its undoing: `core.sql` and `core_down.sql`.
_ORDER = ("core", "sms", "journal", "views")


def upgrade() -> None:
    """Create the tables and views, and widen what cards and numbers share."""
    for part in _ORDER:
        _run(part)


def downgrade() -> None:
    """Remove them."""
    for part in reversed(_ORDER):
        _run(f"{part}_down")


def _run(part: str) -> None:
    """Run a file of many statements, which only the bare driver takes at once."""
    driver: Any = op.get_bind().connection.driver_connection
    await_only(driver.execute((_PARTS / f"{part}.sql").read_text()))
