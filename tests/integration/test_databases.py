"""The databases that tests run on: migrated, empty, and each test's own."""

import asyncpg

from tests.conftest import FreshDatabase


async def names_of_tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
    return {row["tablename"] for row in rows}


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_what_one_test_writes_no_other_sees(fresh_database: FreshDatabase) -> None:
    async with fresh_database() as mine, fresh_database() as theirs:
        await execute(mine, "CREATE TABLE written (n int)")

        assert "written" in await names_of_tables(mine)
        assert "written" not in await names_of_tables(theirs)


async def test_a_fresh_database_is_migrated_and_an_empty_one_is_not(
    database_url: str, empty_database: FreshDatabase
) -> None:
    async with empty_database() as empty:
        assert await names_of_tables(empty) == set()
    assert "message" in await names_of_tables(database_url)
