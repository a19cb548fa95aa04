"""SQL files beside a migration: many statements, which only the bare driver takes at once."""

from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy.util import await_only


def run_part(migration: str, part: str) -> None:
    """Run `part.sql` of the folder that stands beside a migration and carries its name."""
    driver: Any = op.get_bind().connection.driver_connection
    file = Path(migration).with_suffix("") / f"{part}.sql"
    await_only(driver.execute(file.read_text()))
