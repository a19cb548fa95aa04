"""A server process under its supervisor, as seen by the process that owns it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from adapters.embedded.account import Account
from adapters.embedded.errors import FolderNotUsable, ServerDidNotStart

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_LOG_BYTES = 10 * 1024 * 1024
_POLL_SECONDS = 0.003
_COMPLAINTS = ("FATAL:", "PANIC:", " # ")
_INHERITED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How to start one server and how to stop it."""

    server: str
    folder: Path
    """Holds the log, and `data`, the server's working directory."""
    argv: tuple[str, ...]
    account: Account | None
    stop: tuple[tuple[signal.Signals, float], ...]
    """Signals to try one after the other, each with the seconds it is given."""
    orphaned: signal.Signals
    """What the kernel sends when the supervisor itself is killed."""
    descriptors: tuple[int, ...]
    """Open files the server inherits, the folder's lock among them."""
    input: str = field(default="", repr=False)

    @property
    def log(self) -> Path:
        """Where the server's own output goes."""
        return self.folder / "server.log"


@dataclass(slots=True)
class SupervisedServer:
    """One server process; it ends when told to, or soon after its owner has ended."""

    pid: int
    supervisor: "subprocess.Popen[bytes]"
    owner: int = field(default_factory=os.getpid)

    @classmethod
    def start(cls, order: Order) -> "SupervisedServer":
        """Start supervisor and server; the server may not be ready yet.

        Both get a session of their own, so Ctrl-C in the terminal reaches the owner alone, and
        nothing of the owner's environment. Raises `ServerDidNotStart` and `FolderNotUsable`.
        """
        server = cls(0, _supervisor(order))
        try:
            answer = _answer(server.supervisor, order)
        except BaseException:
            server.stop()
            raise
        if "error" in answer:
            server.stop()
            raise ServerDidNotStart(order.server, order.folder, answer["error"])
        server.pid = answer["pid"]
        return server

    @property
    def running(self) -> bool:
        """Tell whether the server still runs; a paused one does."""
        return self.supervisor.poll() is None

    def stop(self) -> None:
        """Stop the server in order and wait for its end; in a fork of the owner, do nothing."""
        if self.owner != os.getpid():
            return
        pipe = self.supervisor.stdin
        if pipe is not None and not pipe.closed:
            try:
                pipe.write(b"\n")
                pipe.close()
            except BrokenPipeError:
                pass  # it has ended by itself
        self.supervisor.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server process; one that has ended gets none."""
        if self.running:
            os.kill(self.pid, number)

    def end_by(self, number: signal.Signals) -> None:
        """Send a signal that ends the server and wait for its end."""
        self.send(number)
        self.supervisor.wait()
        self.stop()


def server_environment() -> dict[str, str]:
    """Say what a server sees of our environment, where secrets are: only where libraries are."""
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **kept}


def start_when_ready(
    order: Order, is_ready: Callable[[int], bool], *, patience_seconds: float
) -> SupervisedServer:
    """Start a server and wait until `is_ready`, asked with its process id, says so.

    Raises `ServerDidNotStart` with the server's last complaint, and leaves nothing running.
    """
    started = time.time()
    deadline = time.monotonic() + patience_seconds
    server = SupervisedServer.start(order)
    try:
        while not is_ready(server.pid):
            if not server.running:
                raise ServerDidNotStart(order.server, order.folder, _last_words(order, started))
            if time.monotonic() > deadline:
                reason = f"it was not ready after {patience_seconds:.0f} s"
                raise ServerDidNotStart(order.server, order.folder, reason)
            time.sleep(_POLL_SECONDS)
    except BaseException:
        server.stop()
        raise
    return server


def _last_words(order: Order, since: float) -> str:
    """Quote the last complaint in the logs written since the start, or their last line."""
    logs = [order.log, *order.folder.glob("data/log/*.log")]
    fresh = [log for log in logs if log.exists() and log.stat().st_mtime >= since - 1]
    lines = [line for log in sorted(fresh, key=_modified) for line in _tail(log)]
    complaints = [
        line.partition(mark)[2].strip() for line in lines for mark in _COMPLAINTS if mark in line
    ]
    return (complaints or lines or ["it ended without a word"])[-1]


def _modified(log: Path) -> float:
    return log.stat().st_mtime


def _tail(log: Path) -> list[str]:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        return [line for line in file.read().decode("utf-8", "replace").splitlines() if line]


def _supervisor(order: Order) -> "subprocess.Popen[bytes]":
    try:
        if order.log.exists() and order.log.stat().st_size > _LOG_BYTES:
            order.log.replace(order.log.with_name("server.log.1"))
        log = os.open(order.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise FolderNotUsable(order.folder, f"{order.log.name}: {error.strerror}") from error
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and our own script
            [sys.executable, "-I", "-S", str(_SUPERVISOR), str(order.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            pass_fds=order.descriptors,
            start_new_session=True,
        )
    finally:
        os.close(log)


def _answer(supervisor: "subprocess.Popen[bytes]", order: Order) -> dict[str, Any]:
    assert supervisor.stdin is not None
    assert supervisor.stdout is not None
    with supervisor.stdout as answers:
        try:
            supervisor.stdin.write(_written(order))
            supervisor.stdin.flush()
        except BrokenPipeError:
            return {"error": f"its supervisor ended, see {order.log}"}
        line = answers.readline()
    return cast(dict[str, Any], json.loads(line)) if line else {"error": f"see {order.log}"}


def _written(order: Order) -> bytes:
    written = {
        "owner": os.getpid(),
        "argv": order.argv,
        "uid": order.account and order.account.uid,
        "gid": order.account and order.account.gid,
        "cwd": str(order.folder / "data"),
        "environment": server_environment(),
        "descriptors": order.descriptors,
        "stop": order.stop,
        "orphaned": order.orphaned,
        "input": order.input,
    }
    return json.dumps(written).encode() + b"\n"
