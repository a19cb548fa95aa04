"""Migrations lead to the tables the code declares, and back to nothing, step by step."""

import asyncio
import re
import sys
import warnings

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import SAWarning

from adapters.postgres.engine import create_engine
from adapters.postgres.migrations import alembic_config, downgrade, upgrade
from adapters.postgres.tables import metadata
from tests.conftest import FreshDatabase

# Partitions and Alembic's own row are no part of what the code declares.
_NOT_OURS = re.compile(r"alembic_version|(event|carrier_operator_log)_(default|\d{4}_?\d{2})")


def _ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
    return kind != "table" or name is None or not _NOT_OURS.fullmatch(name)


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"include_object": _ours, "compare_type": True}
    )
    with warnings.catch_warnings():
        # PostgreSQL's transaction id is a type of ours; reflection does not know it by name.
        warnings.filterwarnings("ignore", "Did not recognize type 'xid8'", SAWarning)
        return list(compare_metadata(context, metadata))


def _revisions(connection: Connection) -> list[str]:
    script = ScriptDirectory.from_config(alembic_config(connection))
    return [revision.revision for revision in script.walk_revisions()][::-1]


async def test_the_migrations_make_what_the_code_declares(
    empty_database: FreshDatabase,
) -> None:
    async with empty_database() as url:
        await upgrade(url)
        engine = create_engine(url)
        async with engine.connect() as connection:
            assert await connection.run_sync(_differences) == []
        await engine.dispose()


async def test_every_step_goes_up_and_down_and_up_again(empty_database: FreshDatabase) -> None:
    async with empty_database() as url:
        engine = create_engine(url)
        async with engine.connect() as connection:
            steps = await connection.run_sync(_revisions)
        for before, step in zip(["base", *steps], steps, strict=False):
            await upgrade(url, step)
            await downgrade(url, before)
            await upgrade(url, step)
        await downgrade(url)
        async with engine.connect() as connection:
            left = await connection.execute(
                text(
                    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
                    "AND relkind IN ('r', 'p', 'v', 'S') AND relname <> 'alembic_version' "
                    "UNION ALL SELECT proname FROM pg_proc "
                    "WHERE pronamespace = 'public'::regnamespace "
                    "UNION ALL SELECT typname FROM pg_type "
                    "WHERE typnamespace = 'public'::regnamespace AND typrelid = 0 "
                    "AND typname NOT LIKE '\\_alembic%'"
                )
            )
            assert left.scalars().all() == []
        await engine.dispose()


async def test_two_processes_that_migrate_at_once_make_one_schema(
    empty_database: FreshDatabase,
) -> None:
    program = "import sys; from adapters.postgres.migrations import upgrade_sync as up; "
    async with empty_database() as url:
        both = [
            await asyncio.create_subprocess_exec(sys.executable, "-c", f"{program} up({url!r})")
            for _ in range(2)
        ]
        assert [await process.wait() for process in both] == [0, 0]
