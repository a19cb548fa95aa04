"""PostgreSQL and Redis for a machine that has neither, run from the wheels' programs.

Each server lives in a folder of its own, belongs to one run at a time, listens on the loopback
address with a password, and ends with the process that started it, however that ends.
"""

from adapters.embedded.both import EmbeddedServers, embedded_servers
from adapters.embedded.errors import (
    BinariesNotUsable,
    EmbeddedServerError,
    FolderInUse,
    FolderNotUsable,
    ServerDidNotStart,
)
from adapters.embedded.postgres import RunningPostgres, start_postgres
from adapters.embedded.redis import RunningRedis, start_redis

__all__ = [
    "BinariesNotUsable",
    "EmbeddedServerError",
    "EmbeddedServers",
    "FolderInUse",
    "FolderNotUsable",
    "RunningPostgres",
    "RunningRedis",
    "ServerDidNotStart",
    "embedded_servers",
    "start_postgres",
    "start_redis",
]
