"""How a command finds the deployment it speaks of.

Settings come from the environment. Beside them, a running `kazna up` leaves what it decided by
itself (addresses of its servers, the sandbox's shop) in a file of its data folder, locked for as
long as it lives, so that other commands reach the same deployment without being told. The clock
and the zone that a folder was made with stay there after it.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from entrypoints.settings import Settings, read_settings

_FILE = "deployment.json"
# What a folder was made with outlives its processes: its days and months must not change.
_LASTING = ("KAZNA_CLOCK", "KAZNA_BILLING_TIME_ZONE")


class Server(Protocol):
    """A server of our own that can be started again when it has died."""

    @property
    def running(self) -> bool:
        """Tell whether it runs."""
        ...

    def start_again(self) -> None:
        """Start it at the same address."""
        ...


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers are, and those that were started for this command, by name.

    `started` tells that the database is one of them.
    """

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    started: bool = False
    own: Mapping[str, Server] = field(default_factory=dict)


def deployed_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings, with what a running `kazna up` of the same folder adds to them."""
    given = dict(os.environ if environ is None else environ)
    settings = read_settings(given)
    added = _published(settings.data_folder)
    return read_settings({**added, **given}) if added else settings


@contextmanager
def addresses(settings: Settings) -> Iterator[Addresses]:
    """Give the servers' addresses, starting an embedded one for each that is not configured.

    Raises an `EmbeddedServerError`; embedded servers stop with the block.
    """
    with ExitStack() as servers:
        redis_url, database_url = settings.redis_url, settings.database_url
        own: dict[str, Server] = {}
        if redis_url is None:
            from adapters.embedded import start_redis

            redis = servers.enter_context(start_redis(settings.data_folder / "redis"))
            redis_url, own["redis"] = redis.url, redis
        if database_url is None:
            from adapters.embedded import start_postgres

            postgres = servers.enter_context(start_postgres(settings.data_folder / "postgres"))
            database_url, own["postgres"] = postgres.url, postgres
        yield Addresses(database_url, redis_url, "postgres" in own, own)


@contextmanager
def published(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Let other commands of this user find the deployment while the block lasts."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _write(descriptor, environment)
        yield
    finally:
        _write(descriptor, _lasting(environment))
        os.close(descriptor)


def _write(descriptor: int, environment: Mapping[str, str]) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(dict(environment)).encode(), 0)


def _lasting(environment: Mapping[str, str]) -> Mapping[str, str]:
    return {name: environment[name] for name in _LASTING if name in environment}


def _published(folder: Path) -> Mapping[str, str]:
    """Read what a living `kazna up` published; of a dead one, only what lasts."""
    try:
        descriptor = os.open(folder / _FILE, os.O_RDONLY)
    except OSError:
        return {}
    try:
        text = os.pread(descriptor, 1 << 16, 0)
        environment: Mapping[str, str] = json.loads(text) if text else {}
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return _lasting(environment)
        return environment
    finally:
        os.close(descriptor)
