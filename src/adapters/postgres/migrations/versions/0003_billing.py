"""Customers, the catalog, subscriptions, invoices, payments and job runs.

Revision ID: 0003_billing
Revises: 0002_ledger
"""

from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy.util import await_only

revision = "0003_billing"
down_revision = "0002_ledger"
branch_labels = None
depends_on = None

_PARTS = Path(__file__).with_suffix("")


def upgrade() -> None:
    """Create the tables and the rules that guard them."""
    for part in ("tables", "rules"):
        _run(part)


def downgrade() -> None:
    """Remove them."""
    _run("down")


def _run(part: str) -> None:
    """Run a file of many statements, which only the bare driver takes at once."""
    driver: Any = op.get_bind().connection.driver_connection
    await_only(driver.execute((_PARTS / f"{part}.sql").read_text()))
