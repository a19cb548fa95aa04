"""Bring a database to the tables of this version, or back."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from adapters.postgres.engine import async_url


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's configuration for these migrations, on a given connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


async def _run(url: str, action: str, revision: str) -> None:
    engine = create_async_engine(async_url(url), poolclass=pool.NullPool, hide_parameters=True)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(
                lambda sync: getattr(command, action)(alembic_config(sync), revision)
            )
    finally:
        await engine.dispose()


async def upgrade(url: str, revision: str = "head") -> None:
    """Apply every migration up to a revision; safe to run twice and by two at once."""
    await _run(url, "upgrade", revision)


async def downgrade(url: str, revision: str = "base") -> None:
    """Undo migrations down to a revision."""
    await _run(url, "downgrade", revision)


def upgrade_sync(url: str) -> None:
    """Apply every migration from code that has no event loop."""
    asyncio.run(upgrade(url))


def revisions() -> list[str]:
    """Name the revisions, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    return [script.revision for script in scripts.walk_revisions()][::-1]


async def current(url: str) -> str | None:
    """Return the revision a database is at; None before the first."""
    engine = create_async_engine(async_url(url), poolclass=pool.NullPool, hide_parameters=True)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(
                lambda sync: MigrationContext.configure(sync).get_current_revision()
            )
    finally:
        await engine.dispose()
