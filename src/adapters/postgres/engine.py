"""One pool of connections per process, with every option that matters spelled out."""

from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_CONNECT_TIMEOUT_SECONDS = 5
_STATEMENT_TIMEOUT_MS = 60_000
# A host that vanishes with a lock must not keep it: the server ends the idle transaction.
_IDLE_IN_TRANSACTION_MS = 30_000
_LOCK_TIMEOUT_MS = 10_000


def async_url(url: str) -> str:
    """Name the driver in a `postgresql://` address."""
    scheme, separator, rest = url.partition("://")
    if scheme in ("postgres", "postgresql"):
        scheme = "postgresql+asyncpg"
    return f"{scheme}{separator}{rest}"


def create_engine(url: str, *, pool_size: int = 10, application_name: str = "kazna") -> AsyncEngine:
    """Create the pool; connections are made when they are first needed.

    Connections run in the driver's autocommit mode: `PostgresUnitOfWork` begins and ends its
    transaction itself, so that statements of SQLAlchemy Core and of the bare driver share it.
    """
    options: dict[str, Any] = {
        "timeout": _CONNECT_TIMEOUT_SECONDS,
        "command_timeout": _STATEMENT_TIMEOUT_MS / 1000,
        "server_settings": {
            "application_name": application_name,
            "timezone": "UTC",
            "statement_timeout": str(_STATEMENT_TIMEOUT_MS),
            "lock_timeout": str(_LOCK_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": str(_IDLE_IN_TRANSACTION_MS),
            "tcp_user_timeout": "10000",
        },
    }
    return create_async_engine(
        async_url(url),
        isolation_level="AUTOCOMMIT",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=False,
        pool_recycle=1800,
        hide_parameters=True,
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        json_deserializer=msgspec.json.decode,
        connect_args=options,
    )
