"""Both servers a deployment needs, under one folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.embedded.postgres import RunningPostgres, start_postgres
from adapters.embedded.redis import RunningRedis, start_redis


@dataclass(frozen=True, slots=True)
class EmbeddedServers:
    """The two running servers."""

    postgres: RunningPostgres
    redis: RunningRedis

    @property
    def database_url(self) -> str:
        """What `KAZNA_DATABASE_URL` would say."""
        return self.postgres.url

    @property
    def redis_url(self) -> str:
        """What `KAZNA_REDIS_URL` would say."""
        return self.redis.url


@contextmanager
def embedded_servers(folder: Path) -> Iterator[EmbeddedServers]:
    """Run PostgreSQL in `folder/postgres` and Redis in `folder/redis` while the block lasts.

    Raises an `EmbeddedServerError`; a folder in use is `FolderInUse`.
    """
    with start_redis(folder / "redis") as redis, start_postgres(folder / "postgres") as postgres:
        yield EmbeddedServers(postgres, redis)
