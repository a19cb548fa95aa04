"""The embedded PostgreSQL: its start, its door, its folder, and what it does under faults."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from adapters.embedded import (
    FolderInUse,
    FolderNotUsable,
    RunningPostgres,
    ServerDidNotStart,
    embedded_servers,
    start_postgres,
)
from adapters.embedded.account import account_for
from adapters.embedded.ports import free_port


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a server that was started once and stopped."""
    folder = tmp_path_factory.mktemp("template")
    start_postgres(folder).stop()
    return folder


@pytest.fixture(scope="module")
def postgres(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPostgres]:
    """A server that no test stops."""
    with start_postgres(copy(template, tmp_path_factory.mktemp("postgres") / "made")) as server:
        yield server


@pytest.fixture
def made(template: Path, tmp_path: Path) -> Path:
    """The folder of a stopped server, for one test to do with as it likes."""
    return copy(template, tmp_path / "made")


def copy(template: Path, folder: Path) -> Path:
    subprocess.run(["cp", "-a", template, folder], check=True)
    return folder


async def answer(url: str, *statements: str) -> object:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


def seconds_to_start(folder: Path) -> float:
    started = time.perf_counter()
    with embedded_servers(folder):
        return time.perf_counter() - started


@pytest.mark.slow
def test_both_servers_start_in_time(tmp_path: Path) -> None:
    # The best of three: a busy machine slows one start, a slow launcher every one.
    cold = min(seconds_to_start(tmp_path / str(number)) for number in range(3))
    warm = min(seconds_to_start(tmp_path / "0") for _ in range(3))

    assert cold <= 1.5
    assert warm <= 0.3


async def test_a_warm_start_finds_the_data(made: Path) -> None:
    with start_postgres(made) as server:
        await answer(server.url, "CREATE TABLE kept AS SELECT 42 AS n", "SELECT 1")

    with start_postgres(made) as server:
        assert await answer(server.url, "SELECT n FROM kept") == 42


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("server_encoding", "UTF8"),
        ("shared_buffers", "256MB"),
        ("max_connections", "200"),
        ("jit", "off"),
        ("TimeZone", "UTC"),
        ("data_checksums", "on"),
    ],
)
async def test_postgres_runs_with_durable_settings(
    postgres: RunningPostgres, name: str, expected: str
) -> None:
    assert await answer(postgres.url, f"SHOW {name}") == expected


async def test_letters_beyond_ascii_have_cases(postgres: RunningPostgres) -> None:
    assert await answer(postgres.url, "SELECT lower('КАЗНА')") == "казна"


async def test_postgres_lets_nobody_in_without_the_password(postgres: RunningPostgres) -> None:
    password = (postgres.folder / "password").read_text()
    wrong = postgres.url.replace(password, "0" * len(password))

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong, timeout=5)

    assert (postgres.folder / "password").stat().st_mode & 0o077 == 0


async def test_servers_see_nothing_of_our_environment(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAZNA_SECRET", "canary-5f1c")

    with start_postgres(made) as server:
        seen = await answer(
            server.url,
            "CREATE TEMPORARY TABLE seen (line text)",
            "COPY seen FROM PROGRAM 'env'",
            "SELECT string_agg(line, ' ') FROM seen",
        )

    assert "PATH=" in str(seen)
    assert "KAZNA" not in str(seen)


def test_a_folder_in_use_is_refused_in_one_sentence(postgres: RunningPostgres) -> None:
    with pytest.raises(FolderInUse) as refusal:
        start_postgres(postgres.folder)

    assert str(refusal.value) == (
        f"The data folder {postgres.folder} is in use by process {os.getpid()}:"
        " stop that run first or choose another folder."
    )
    assert postgres.running


def test_a_running_server_does_not_show_its_password(postgres: RunningPostgres) -> None:
    assert (postgres.folder / "password").read_text() not in repr(postgres)


async def test_two_folders_run_side_by_side(made: Path, postgres: RunningPostgres) -> None:
    with start_postgres(made) as other:
        assert other.port != postgres.port
        assert await answer(other.url, "SELECT 1") == 1
        assert await answer(postgres.url, "SELECT 1") == 1


async def test_a_taken_port_is_passed_over(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        offered = iter([taken.getsockname()[1], free])
        monkeypatch.setattr("adapters.embedded.ports.free_port", lambda: next(offered))

        with start_postgres(made) as server:
            assert server.port == free
            assert await answer(server.url, "SELECT 1") == 1


async def test_an_immediate_restart_keeps_what_was_committed(made: Path) -> None:
    with start_postgres(made) as server:
        await answer(server.url, "CREATE TABLE kept AS SELECT 7 AS n", "SELECT 1")
        session = await asyncpg.connect(server.url)

        server.restart_immediately()

        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await session.fetchval("SELECT 1")
        assert await answer(server.url, "SELECT n FROM kept") == 7


async def test_a_killed_postmaster_recovers_at_the_same_address(made: Path) -> None:
    with start_postgres(made) as server:
        await answer(server.url, "CREATE TABLE kept AS SELECT 8 AS n", "SELECT 1")
        busy = await asyncpg.connect(server.url)

        server.kill9()
        assert not server.running
        server.start_again()

        assert await answer(server.url, "SELECT n FROM kept") == 8
        busy.terminate()


@pytest.fixture
def stranger(made: Path) -> Iterator[int]:
    """A process of the account that the server of `made` runs under."""
    account = account_for(made / "data")
    user = {} if account is None else {"user": account.uid, "group": account.gid}
    with subprocess.Popen(["sleep", "60"], **user) as process:
        yield process.pid
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere PostgreSQL alone decides")
async def test_a_pid_file_that_names_a_stranger_is_no_obstacle(made: Path, stranger: int) -> None:
    with start_postgres(made) as server:
        server.kill9()
        noted = (made / "data/postmaster.pid").read_text()
    left = noted.replace(str(server.pid), str(stranger), 1)
    (made / "data/postmaster.pid").write_text(left)

    with start_postgres(made) as server:
        assert await answer(server.url, "SELECT 1") == 1


async def test_a_first_start_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "data.new/base").mkdir(parents=True)
    (tmp_path / "data.new/PG_VERSION").write_text("18")

    with start_postgres(tmp_path) as server:
        assert await answer(server.url, "SELECT current_database()") == "kazna"


def test_a_failed_start_says_why_and_leaves_the_folder_free(made: Path) -> None:
    with pytest.raises(ServerDidNotStart, match="shared_buffers"):
        start_postgres(made, settings={"shared_buffers": "many"})

    start_postgres(made).stop()


def test_data_of_another_version_are_refused(made: Path) -> None:
    (made / "data/PG_VERSION").write_text("12\n")

    with pytest.raises(FolderNotUsable, match="written by PostgreSQL 12, and this is 18"):
        start_postgres(made)


def test_a_lost_password_is_named(made: Path) -> None:
    (made / "password").unlink()

    with pytest.raises(FolderNotUsable, match="password"):
        start_postgres(made)
