"""Real processes for benchmarks: Kazna's own as they are started in production, and rivals."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from adapters.embedded import RunningRedis, start_redis
from bench.place import Place, place

ROOT = Path(__file__).parents[1]
_RIVALS = ROOT / ".venv-bench" / "bin" / "python"
_FOLDER = ROOT / "bench" / "rivals"
_TICKS = os.sysconf("SC_CLK_TCK")
_END_SECONDS = 20.0
_DO_SECONDS = 180.0
_READY_SECONDS = 60.0


class NotInstalled(Exception):
    """The rivals are not there; one sentence."""


@dataclass(eq=False)
class Running:
    """One process; what it says goes to a file."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    @property
    def cpu_seconds(self) -> float:
        """The processor time it has used so far (Linux; elsewhere not a number)."""
        try:
            stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        except OSError:
            return float("nan")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / _TICKS

    async def said(self, words: str) -> None:
        """Wait until it has said something."""
        await until(lambda: self._has_said(words), f"{self.name} to say {words!r}")

    async def _has_said(self, words: str) -> bool:
        text = self.log.read_text(errors="replace")
        if self.process.returncode is not None:
            raise RuntimeError(f"{self.name} ended: {text[-2000:]}")
        return words in text

    async def do(self, line: str) -> str:
        """Tell it what to do, and return what it answers when it is done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()
        try:
            answer = await asyncio.wait_for(self.process.stdout.readline(), _DO_SECONDS)
        except TimeoutError:
            answer = b""
        if not answer:
            raise RuntimeError(f"{self.name} did not answer: {self.log.read_text()[-2000:]}")
        return answer.decode().strip()

    async def ended_well(self) -> None:
        """Wait until it has done its work and ended; raise with its last words otherwise."""
        if await self.process.wait():
            raise RuntimeError(f"{self.name} failed: {self.log.read_text()[-2000:]}")

    async def kill9(self) -> None:
        """End it as the kernel does when memory is short."""
        self.process.kill()
        await self.process.wait()

    async def end(self) -> None:
        """Ask it to end, and insist."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), _END_SECONDS)
            except TimeoutError:
                await self.kill9()


async def until(
    condition: Callable[[], Awaitable[bool]],
    what: str,
    *,
    look_seconds: float = 0.01,
    patience_seconds: float = _READY_SECONDS,
) -> None:
    """Look until a condition holds; raise TimeoutError with its name when it never does."""
    deadline = monotonic() + patience_seconds
    while not await condition():
        if monotonic() > deadline:
            raise TimeoutError(f"waited {patience_seconds:g} s for {what}")
        await asyncio.sleep(look_seconds)


@dataclass
class Stage:
    """A database, a Redis, and processes of a deployment that share them."""

    here: Place
    redis: RunningRedis
    running: list[Running] = field(default_factory=list)

    def settings(self) -> Mapping[str, str]:
        """The settings of the deployment."""
        return {
            "KAZNA_DATABASE_URL": self.here.url,
            "KAZNA_REDIS_URL": self.redis.url,
            "KAZNA_DATA_FOLDER": str(self.here.folder / "deployment"),
            "KAZNA_BILLING_TIME_ZONE": "UTC",
        }

    async def kazna(self, *arguments: str, **settings: str) -> Running:
        """Start `kazna ARGUMENTS`."""
        return await self._start(
            arguments[0],
            (sys.executable, "-m", "entrypoints.cli.main", *arguments),
            {**self.settings(), **settings},
        )

    async def worker(self, **settings: str) -> Running:
        """Start `kazna worker` with the benchmark's handlers beside its own, and wait for it."""
        started = await self._start(
            "worker",
            (sys.executable, "-m", "bench.worker"),
            {**self.settings(), **settings},
        )
        await started.said("working on")
        return started

    async def rival(self, *arguments: str, **environment: str) -> Running:
        """Start a program of `.venv-bench`; raise NotInstalled."""
        if not _RIVALS.exists():
            raise NotInstalled("what this stands beside is not installed: `make bench` installs it")
        given = {
            "BENCH_DATABASE_URL": self.here.url,
            "BENCH_REDIS_URL": self.redis.url.removesuffix("/0") + "/9",
            "PYTHONPATH": str(_FOLDER),
        }
        return await self._start(arguments[0], (str(_RIVALS), *arguments), {**given, **environment})

    async def program(self, module: str, *arguments: str) -> Running:
        """Start a program of the benchmarks' own."""
        return await self._start(module, (sys.executable, "-m", module, *arguments), {})

    async def _start(self, name: str, command: tuple[str, ...], more: Mapping[str, str]) -> Running:
        own = {k: v for k, v in os.environ.items() if not k.startswith("KAZNA_")}
        path = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
        log = self.here.folder / f"{len(self.running)}.log"
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=_FOLDER if "PYTHONPATH" in more else ROOT,
                env={**own, "PYTHONPATH": path, **more},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=file,
            )
        self.running.append(Running(name, process, log))
        return self.running[-1]


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Start servers; end every process that was started, and then the servers."""
    async with place() as here:
        with start_redis(here.folder / "redis") as redis:
            built = Stage(here, redis)
            try:
                yield built
            finally:
                for one in reversed(built.running):
                    await one.end()
