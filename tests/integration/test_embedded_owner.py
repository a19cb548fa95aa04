"""The embedded servers end with the process that owns them, however it ends."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.embedded import FolderInUse, start_postgres, start_redis
from tests.integration.owners import StartOwner, owners
from tests.servers import is_running, wait_until

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only the kernel of Linux can")


@pytest.fixture
def start_owner() -> Iterator[StartOwner]:
    with owners() as start:
        yield start


def log_of(folder: Path) -> str:
    return "".join(log.read_text() for log in folder.glob("postgres/data/log/*.log"))


def test_a_killed_owner_leaves_no_server(tmp_path: Path, start_owner: StartOwner) -> None:
    owner = start_owner(tmp_path)

    owner.process.kill()

    wait_until(lambda: not owner.some_server_runs(), "the servers end")
    assert "database system is shut down" in log_of(tmp_path)


def test_a_killed_owner_can_be_followed_at_once(tmp_path: Path, start_owner: StartOwner) -> None:
    owner = start_owner(tmp_path)

    owner.process.kill()
    owner.process.wait()
    successor = start_owner(tmp_path)

    assert not owner.some_server_runs()
    assert all(is_running(pid) for pid in successor.servers)


def test_a_child_of_a_killed_owner_does_not_keep_the_servers(
    tmp_path: Path, start_owner: StartOwner
) -> None:
    owner = start_owner(tmp_path, "fork")

    owner.process.kill()

    try:
        wait_until(lambda: not owner.some_server_runs(), "the servers end")
        assert is_running(owner.report["child"])
    finally:
        os.kill(owner.report["child"], signal.SIGKILL)


@on_linux
def test_a_killed_supervisor_takes_its_server_along(
    tmp_path: Path, start_owner: StartOwner
) -> None:
    owner = start_owner(tmp_path)

    owner.kill_supervisors()

    wait_until(lambda: not owner.some_server_runs(), "the servers end")


@on_linux
def test_a_server_that_outlives_its_run_keeps_the_folder(
    tmp_path: Path, start_owner: StartOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.embedded.lock._PATIENCE_SECONDS", 0.2)
    owner = start_owner(tmp_path)
    postmaster = owner.servers[0]
    os.kill(postmaster, signal.SIGSTOP)

    owner.kill_supervisors()
    owner.process.kill()
    owner.process.wait()

    try:
        with pytest.raises(FolderInUse, match="in use by servers of an earlier run"):
            start_postgres(tmp_path / "postgres")
    finally:
        os.kill(postmaster, signal.SIGCONT)
    wait_until(lambda: not owner.some_server_runs(), "the servers end")
    start_postgres(tmp_path / "postgres").stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_termination_stop_in_order(
    tmp_path: Path, start_owner: StartOwner, number: signal.Signals
) -> None:
    owner = start_owner(tmp_path)

    os.killpg(owner.process.pid, number)
    owner.process.wait(10)

    wait_until(lambda: not owner.some_server_runs(), "the servers end")
    assert "received fast shutdown request" in log_of(tmp_path)
    assert "database system is shut down" in log_of(tmp_path)


def test_ctrl_c_reaches_the_owner_alone_and_is_waited_for(
    tmp_path: Path, start_owner: StartOwner
) -> None:
    owner = start_owner(tmp_path)
    assert all(os.getsid(pid) != owner.process.pid for pid in owner.servers)

    os.killpg(owner.process.pid, signal.SIGINT)

    assert owner.process.wait(10) == 130
    assert not owner.some_server_runs()


def test_an_owner_with_a_living_child_can_stop(tmp_path: Path, start_owner: StartOwner) -> None:
    owner = start_owner(tmp_path, "fork")

    owner.process.send_signal(signal.SIGINT)

    try:
        assert owner.process.wait(10) == 130
        assert not owner.some_server_runs()
    finally:
        os.kill(owner.report["child"], signal.SIGKILL)


def test_a_second_process_is_refused_politely(tmp_path: Path, start_owner: StartOwner) -> None:
    first = start_owner(tmp_path)

    second = start_owner(tmp_path)

    assert second.process.wait(10) == 3
    assert f"in use by process {first.process.pid}" in second.report["error"]
    assert "\n" not in second.report["error"]
    assert all(is_running(pid) for pid in first.servers)


def test_a_finished_fork_leaves_the_servers_to_their_owner(tmp_path: Path) -> None:
    with start_redis(tmp_path) as server:
        child = os.fork()
        if child == 0:
            server.stop()
            os._exit(0)
        os.waitpid(child, 0)

        with pytest.raises(AssertionError, match="not within"):
            wait_until(lambda: not is_running(server.pid), "the server ends", seconds=0.5)
