"""One process of a deployment: started, heard, started again when it dies, stopped in order."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

_PR_SET_PDEATHSIG = 1
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0
# A process that lived this long was well; its next start does not wait.
_WELL_AFTER_SECONDS = 30.0
_LONGEST_LINE = 1 << 20

Say = Callable[[str, str], None]
"""Told a line of output and which process said it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a process is started as: `arguments` are those of `kazna`.

    `grace_seconds` is how long it may take to stop before it is killed.
    """

    name: str
    arguments: Sequence[str]
    grace_seconds: float = 25.0


class Child:
    """Keeps one process running until it is stopped.

    It gets a session of its own, so Ctrl-C reaches the parent alone, and on Linux the kernel ends
    it when the parent is killed.
    """

    def __init__(self, role: Role, environment: Mapping[str, str], say: Say) -> None:
        self.role = role
        self.restarts = 0
        self._environment = environment
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the process is started by the running loop."""
        self._task = asyncio.create_task(self._kept_running())

    @property
    def pid(self) -> int | None:
        """The number of the process that runs now."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def stop(self) -> None:
        """Ask it to stop, wait for its grace, then kill it."""
        self._stopping.set()
        process = self._process
        if process is not None and process.returncode is None:
            _signal(process, signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), self.role.grace_seconds)
            except TimeoutError:
                self._say(self.role.name, "did not stop in time and is killed")
                _signal(process, signal.SIGKILL)
        if self._task is not None:
            await self._task

    async def _kept_running(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            began = monotonic()
            code = await self._once()
            if self._stopping.is_set():
                return
            self.restarts += 1
            pause = _FIRST_PAUSE_SECONDS if monotonic() - began > _WELL_AFTER_SECONDS else pause
            self._say(self.role.name, f"ended with {code} and is started again in {pause:g} s")
            try:
                await asyncio.wait_for(self._stopping.wait(), pause)
            except TimeoutError:
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _once(self) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "entrypoints.cli.main", *self.role.arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**self._environment, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            preexec_fn=_ended_with_us(),
            limit=_LONGEST_LINE,
        )
        self._process = process
        if self._stopping.is_set():
            _signal(process, signal.SIGTERM)
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self._say(self.role.name, line.decode("utf-8", "replace").rstrip())
        return await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except ProcessLookupError:
        return


def _ended_with_us() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel
