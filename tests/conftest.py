"""Servers for the whole session, and a database for every test that asks for one."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial

import pytest

from adapters.embedded import start_postgres, start_redis
from tests.servers import DISPOSABLE, Databases, database_of

FreshDatabase = Callable[[], AbstractAsyncContextManager[str]]


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server of `KAZNA_TEST_DATABASE_URL`, whose role may create databases, or our own."""
    if given := os.environ.get("KAZNA_TEST_DATABASE_URL"):
        yield given
        return
    folder = tmp_path_factory.mktemp("postgres")
    with start_postgres(folder, settings=DISPOSABLE) as server:
        yield server.url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server of `KAZNA_TEST_REDIS_URL`, or our own."""
    if given := os.environ.get("KAZNA_TEST_REDIS_URL"):
        yield given
        return
    with start_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture(scope="session")
def databases(postgres_url: str) -> Databases:
    """The databases of the session's server."""
    return Databases(postgres_url)


@pytest.fixture(scope="session")
async def template_database(databases: Databases) -> AsyncIterator[str]:
    """The name of a database with every migration applied, to copy from."""
    from adapters.postgres.migrations import upgrade

    async with databases.fresh() as url:
        await upgrade(url)
        await databases.seal(url)
        yield database_of(url)


@pytest.fixture(scope="session")
def empty_database(databases: Databases) -> FreshDatabase:
    """`async with empty_database() as url`: a database without a table."""
    return databases.fresh


@pytest.fixture(scope="session")
def fresh_database(databases: Databases, template_database: str) -> FreshDatabase:
    """`async with fresh_database() as url`: a migrated database without a row."""
    return partial(databases.fresh, template_database)


@pytest.fixture
async def database_url(fresh_database: FreshDatabase) -> AsyncIterator[str]:
    """A migrated database for one test."""
    async with fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
async def module_database_url(fresh_database: FreshDatabase) -> AsyncIterator[str]:
    """A migrated database shared by the tests of one file."""
    async with fresh_database() as url:
        yield url
