"""The cache of fresh subscriptions in Redis: ids of what a number has, warmed by what is read.

Numbers are hashed in keys. Entries live for a bounded time, and everything here may be lost.
"""

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from uuid import UUID

import redis.asyncio as redis
from redis.exceptions import RedisError

from application.carrier.cache import Fresh
from domain.shared.msisdn import Msisdn

_LOG = logging.getLogger("kazna.fresh")
_TIMEOUT_SECONDS = 0.3
_PAUSE_SECONDS = 5.0
_CONNECTIONS = 8
_LIVES_SECONDS = 24 * 3600
_PIPELINED = 1000


class RedisFresh:
    """Names candidates; whoever asks looks at the rows."""

    def __init__(self, url: str) -> None:
        # Lanes of many operators ask at once: they wait for a connection, not for its absence.
        pool = redis.BlockingConnectionPool.from_url(
            url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            max_connections=_CONNECTIONS,
            timeout=_TIMEOUT_SECONDS,
        )
        self._client = redis.Redis.from_pool(pool)
        self._away_until = float("-inf")

    async def get_many(self, numbers: Sequence[Msisdn]) -> Mapping[Msisdn, Fresh]:
        """Return what is known of numbers."""
        if not numbers or time.monotonic() < self._away_until:
            return {}
        try:
            kept = await self._client.mget([_key(one) for one in numbers])
        except (RedisError, OSError) as error:
            self._away(error)
            return {}
        return {
            number: entry
            for number, text in zip(numbers, kept, strict=True)
            if text is not None and (entry := _read(text)) is not None
        }

    async def keep(self, entries: Mapping[Msisdn, Fresh]) -> None:
        """Remember what the database said."""
        given = list(entries.items())
        for start in range(0, len(given), _PIPELINED):
            if time.monotonic() < self._away_until:
                return
            pipe = self._client.pipeline(transaction=False)
            for number, entry in given[start : start + _PIPELINED]:
                text = ",".join([str(entry.version), *(str(one) for one in entry.ids)])
                pipe.set(_key(number), text, ex=_LIVES_SECONDS)
            try:
                await pipe.execute()
            except (RedisError, OSError) as error:
                self._away(error)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _away(self, error: Exception) -> None:
        self._away_until = time.monotonic() + _PAUSE_SECONDS
        _LOG.warning("the cache of fresh subscriptions is away: %s", type(error).__name__)


def _read(text: bytes | str) -> Fresh | None:
    """Read an entry; garbage that somebody else put there is nothing known."""
    whole = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    version, *ids = whole.split(",")
    try:
        return Fresh(int(version), [UUID(one) for one in ids])
    except ValueError:
        return None


def _key(msisdn: Msisdn) -> str:
    digest = hashlib.blake2b(msisdn.digits.encode(), digest_size=16).hexdigest()
    return f"kazna:fresh:{digest}"
