"""Keeps one server running for exactly as long as the process that asked for it.

Run as a script of its own, with the standard library only. Its first line of input is the order;
the rest of that pipe is silence: a further byte, the end of the pipe or another parent means
that the owner has stopped, or was killed, and that the server must be stopped in order.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

_PR_SET_PDEATHSIG = 1
_DISMISSALS = (signal.SIGTERM, signal.SIGINT)
_PARENT_CHECK_SECONDS = 1.0


def main() -> int:
    """Start the server, report its process id or why there is none, and watch the owner."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    bells = _signals_as_bytes()
    order = json.loads(_first_line(0))
    try:
        server = _start(order)
    except OSError as error:
        _report({"error": f"{order['argv'][0]}: {error.strerror}"})
        return 1
    _report({"pid": server.pid})
    _wait_for_dismissal(server, order["owner"], bells)
    _stop(server, order["stop"])
    return 0


def _start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    account: dict[str, Any] = {}
    if order["uid"] is not None:
        account = {"user": order["uid"], "group": order["gid"], "extra_groups": []}
    server = subprocess.Popen(  # noqa: S603 - the order comes from our own process
        order["argv"],
        cwd=order["cwd"],
        env=order["environment"],
        stdin=subprocess.PIPE,
        stdout=2,
        stderr=2,
        pass_fds=order["descriptors"],
        preexec_fn=_ended_with_us(order["orphaned"]),  # safe: one thread only
        **account,
    )
    assert server.stdin is not None
    server.stdin.write(order["input"].encode())
    server.stdin.close()
    return server


def _ended_with_us(number: int) -> Callable[[], None] | None:
    """Let the kernel signal the server when even this process is killed; Linux alone can."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    supervisor = os.getpid()

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != supervisor:
            os._exit(1)

    return ask_the_kernel


def _wait_for_dismissal(server: subprocess.Popen[bytes], owner: int, bells: int) -> None:
    while server.poll() is None:
        ready, _, _ = select.select([0, bells], [], [], _PARENT_CHECK_SECONDS)
        # A process forked from the owner may still hold the pipe open, so look at the parent too.
        if 0 in ready or os.getppid() != owner:
            return
        if bells in ready and any(number in _DISMISSALS for number in os.read(bells, 64)):
            return


def _stop(server: subprocess.Popen[bytes], ladder: list[tuple[int, float]]) -> None:
    """Ask with one signal after the other, each with its patience in seconds, then kill."""
    for number, seconds in ladder:
        server.send_signal(number)
        server.send_signal(signal.SIGCONT)  # a paused server hears nothing else
        try:
            server.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            continue
    server.kill()
    server.wait()


def _signals_as_bytes() -> int:
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGHUP, *_DISMISSALS):
        signal.signal(number, lambda *_: None)
    return readable


def _first_line(descriptor: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(descriptor, 1)
        if not byte:
            raise SystemExit(1)
        line += byte
    return line


def _report(answer: dict[str, Any]) -> None:
    try:
        os.write(1, json.dumps(answer).encode() + b"\n")
    except BrokenPipeError:
        return
    os.close(1)


if __name__ == "__main__":
    sys.exit(main())
