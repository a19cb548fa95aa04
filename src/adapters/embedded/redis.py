"""Redis without an installation, for what may be lost: it writes nothing to the disk."""

import os
import shutil
import signal
import socket
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from adapters.embedded.account import Account, account_for
from adapters.embedded.binaries import redis_program
from adapters.embedded.lock import FolderLock
from adapters.embedded.password import new_password
from adapters.embedded.ports import LOOPBACK, at_a_free_port
from adapters.embedded.process import Order, SupervisedServer, start_when_ready

_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
daemonize no
databases 64
save ""
appendonly no
maxmemory 512mb
maxmemory-policy noeviction
"""
_READY_SECONDS = 30.0
_STOP = ((signal.SIGTERM, 5.0),)


@dataclass(slots=True)
class RunningRedis:
    """A Redis of our own on the loopback address; leaving its block stops it."""

    url: str = field(repr=False)
    """`redis://:PASSWORD@127.0.0.1:PORT/0`; the same until `stop`."""
    port: int
    folder: Path
    _lock: FolderLock
    _password: str = field(repr=False)
    _server: SupervisedServer

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._server.pid

    @property
    def running(self) -> bool:
        """Tell whether the server runs; a paused one does."""
        return self._server.running

    def stop(self) -> None:
        """Stop the server, a paused one too; a second call does nothing."""
        self._server.stop()
        self._lock.release()

    def kill9(self) -> None:
        """Kill the server with all it holds."""
        self._server.end_by(signal.SIGKILL)

    def start_again(self) -> None:
        """Start, empty, at the same port. Raises `FolderInUse` and `ServerDidNotStart`."""
        self._server.stop()
        self._lock.wait_for_the_last_process()
        self._server = _started(self.folder, self._lock, self.port, self._password)

    def pause(self) -> None:
        """Stop the server from running at all: it accepts connections and never answers."""
        self._server.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        self._server.send(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start_redis(folder: Path) -> RunningRedis:
    """Start an empty Redis; the folder keeps its log, lock and password.

    It refuses writes when its 512 MB are full and never evicts: a lost bell is rung again, but a
    queue that silently forgets would hide a fault. Only the loopback address, with a password.

    The server stops when the block is left, and soon after this process has ended in any way.
    Raises an `EmbeddedServerError`; a folder in use is `FolderInUse`.
    """
    folder = folder.resolve()
    with ExitStack() as undo:
        lock = FolderLock.acquire(folder)
        undo.callback(lock.release)
        password = new_password(folder)

        def start(port: int) -> RunningRedis:
            url = f"redis://:{password}@{LOOPBACK}:{port}/0"
            server = _started(folder, lock, port, password)
            return RunningRedis(url, port, folder, lock, password, server)

        running = at_a_free_port(start)
        undo.pop_all()
    return running


def _started(folder: Path, lock: FolderLock, port: int, password: str) -> SupervisedServer:
    account = account_for(folder / "data")
    _empty_working_directory(folder / "data", account)
    order = Order(
        server="Redis",
        folder=folder,
        argv=(str(redis_program(account)), "-"),
        account=account,
        stop=_STOP,
        orphaned=signal.SIGKILL,
        descriptors=(lock.descriptor,),
        input=_CONFIGURATION.format(host=LOOPBACK, port=port, password=password),
    )
    return start_when_ready(
        order, lambda _pid: _answers(port, password), patience_seconds=_READY_SECONDS
    )


def _empty_working_directory(data: Path, account: Account | None) -> None:
    # A dump that somebody asked for (SHUTDOWN SAVE) would be loaded: what is lost stays lost.
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    if account is not None:
        os.chown(data, account.uid, account.gid)


def _answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            return connection.makefile("rb").read(len(b"+OK\r\n+PONG\r\n")) == b"+OK\r\n+PONG\r\n"
    except OSError:
        return False
