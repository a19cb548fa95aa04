"""PostgreSQL without an installation: a folder of its own, and nothing left running behind."""

import signal
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from adapters.embedded.account import account_for
from adapters.embedded.binaries import postgres_programs
from adapters.embedded.cluster import Cluster
from adapters.embedded.lock import FolderLock
from adapters.embedded.password import kept_password, new_password
from adapters.embedded.ports import LOOPBACK, at_a_free_port
from adapters.embedded.process import Order, SupervisedServer, start_when_ready

SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgres-%a.log",
    "log_file_mode": "0600",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    # Details and statements of errors quote the values of rows, phone numbers among them.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
"""Given on the command line at every start, so they follow the version of Kazna, not the data."""
_READY_SECONDS = 300.0
"""Room for the recovery of a large database after a crash."""
_STOP = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0))


@dataclass(slots=True)
class RunningPostgres:
    """A PostgreSQL of our own on the loopback address; leaving its block stops it."""

    url: str = field(repr=False)
    """`postgresql://kazna:PASSWORD@127.0.0.1:PORT/kazna`; the same until `stop`."""
    port: int
    _cluster: Cluster
    _settings: Mapping[str, str]
    _server: SupervisedServer

    @property
    def folder(self) -> Path:
        """The folder that holds data, logs, lock and password."""
        return self._cluster.folder

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        return self._server.pid

    @property
    def running(self) -> bool:
        """Tell whether the postmaster runs."""
        return self._server.running

    def stop(self) -> None:
        """End the sessions, write a checkpoint, stop; a second call does nothing."""
        self._server.stop()
        self._cluster.lock.release()

    def kill9(self) -> None:
        """Kill the postmaster as a failing machine would; `start_again` recovers."""
        self._server.end_by(signal.SIGKILL)

    def start_again(self) -> None:
        """Start at the same port once the last process is gone, and wait for the recovery.

        Raises `FolderInUse` when another run has taken the folder in between, and
        `ServerDidNotStart`.
        """
        self._server.stop()
        self._cluster.lock.wait_for_the_last_process()
        self._server = _started(self._cluster, self.port, self._settings)

    def restart_immediately(self) -> None:
        """Drop every session, write no checkpoint, start again: `pg_ctl restart -m immediate`."""
        self._server.end_by(signal.SIGQUIT)
        self.start_again()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start_postgres(folder: Path, *, settings: Mapping[str, str] | None = None) -> RunningPostgres:
    """Start the PostgreSQL of a folder, making the folder and the database `kazna` if need be.

    Commits are on the disk before they are answered. The server listens on the loopback address
    alone and asks for a password that only the owner of the folder can read, so other users of
    the machine are kept out. `settings` replaces single values of `SETTINGS`.

    The server stops when the block is left, and soon after this process has ended in any way.
    Raises an `EmbeddedServerError`; a folder in use is `FolderInUse`.
    """
    folder = folder.resolve()
    chosen = {**SETTINGS, **(settings or {})}
    with ExitStack() as undo:
        lock = FolderLock.acquire(folder)
        undo.callback(lock.release)
        account = account_for(folder / "data")
        cluster = Cluster(folder, postgres_programs(account), account, lock)
        password = _password(cluster)

        def start(port: int) -> RunningPostgres:
            url = f"postgresql://kazna:{password}@{LOOPBACK}:{port}/kazna"
            return RunningPostgres(url, port, cluster, chosen, _started(cluster, port, chosen))

        running = at_a_free_port(start)
        undo.pop_all()
    return running


def _password(cluster: Cluster) -> str:
    if cluster.is_made():
        return kept_password(cluster.folder)
    password = new_password(cluster.folder)
    cluster.make(password)
    return password


def _started(cluster: Cluster, port: int, settings: Mapping[str, str]) -> SupervisedServer:
    cluster.forget_a_dead_run()
    with cluster.opened(cluster.data) as (path, descriptor):
        order = Order(
            server="PostgreSQL",
            folder=cluster.folder,
            argv=(
                str(cluster.programs / "postgres"),
                *("-D", path),
                f"--port={port}",
                *(f"--{name}={value}" for name, value in settings.items()),
            ),
            account=cluster.account,
            stop=_STOP,
            orphaned=signal.SIGINT,
            descriptors=(cluster.lock.descriptor, descriptor),
        )
        return start_when_ready(order, cluster.is_ready, patience_seconds=_READY_SECONDS)
