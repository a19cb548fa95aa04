"""The books: tables, and the rules they keep whoever writes to them.

Revision ID: 0002_ledger
Revises: 0001_messages
"""

from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy.util import await_only

revision = "0002_ledger"
down_revision = "0001_messages"
branch_labels = None
depends_on = None

_PARTS = Path(__file__).with_suffix("")


def upgrade() -> None:
    """Create the tables, then the functions and triggers that guard them."""
    for part in ("tables", "rules", "post"):
        _run(part)


def downgrade() -> None:
    """Remove the books."""
    _run("down")


def _run(part: str) -> None:
    """Run a file of many statements, which only the bare driver takes at once."""
    driver: Any = op.get_bind().connection.driver_connection
    await_only(driver.execute((_PARTS / f"{part}.sql").read_text()))
