"""A token bucket per operator in Redis, shared by all workers, in business time.

The bucket is read, filled and emptied by one script, so two workers never take the same token.
Without Redis every worker goes by a bucket of its own with its share of the rate: slower than
allowed, never faster.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis.asyncio as redis
from redis.exceptions import RedisError

from application.ports import Clock
from domain.carrier.operator import Operator

_LOG = logging.getLogger("kazna.throttle")
_TIMEOUT_SECONDS = 0.5
_PAUSE_SECONDS = 5.0
_CONNECTIONS = 8
# How long a caller that got nothing waits at least, whatever the arithmetic says.
_LEAST_WAIT_SECONDS = 0.05
_KEPT_SECONDS = 3600

# KEYS[1] bucket; ARGV: rate a second, burst, now in seconds, wanted. Business time may be moved
# back by nobody, but two machines' clocks differ: time never runs backwards for a bucket.
_TAKE = """
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local now, wanted = tonumber(ARGV[3]), tonumber(ARGV[4])
local tokens, at = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
if now > at then
  tokens = tokens + (now - at) * rate
  at = now
end
tokens = math.min(burst, tokens)
local taken = math.min(wanted, math.floor(tokens))
tokens = tokens - taken
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(at))
redis.call('EXPIRE', KEYS[1], ARGV[5])
return {taken, tostring(tokens)}
"""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RedisThrottle:
    """The throttle of one process; `workers` share the rate while Redis is away."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        workers: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        # Lanes of many operators ask at once: they wait for a connection, not for its absence.
        pool = redis.BlockingConnectionPool.from_url(
            url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            max_connections=_CONNECTIONS,
            timeout=_TIMEOUT_SECONDS,
        )
        self._client = redis.Redis.from_pool(pool)
        self._script = self._client.register_script(_TAKE)
        self._clock = clock
        self._workers = max(workers, 1)
        self._monotonic = monotonic
        self._away_until = float("-inf")
        self._own: dict[str, _Bucket] = {}

    async def take(self, operator: Operator, wanted: int) -> tuple[int, float]:
        """Take up to so many tokens; return how many, and in how many seconds more there are."""
        if wanted <= 0:
            return 0, 0.0
        now = self._clock.now().timestamp()
        if self._monotonic() < self._away_until:
            return self._from_own(operator, wanted, now)
        try:
            taken, left = await self._script(
                keys=[f"kazna:throttle:{operator.code}"],
                args=[
                    operator.requests_per_second,
                    operator.burst,
                    f"{now:.6f}",
                    wanted,
                    _KEPT_SECONDS,
                ],
            )
        except (RedisError, OSError) as error:
            _LOG.warning("the throttle goes by itself: %s", type(error).__name__)
            self._away_until = self._monotonic() + _PAUSE_SECONDS
            return self._from_own(operator, wanted, now)
        return int(taken), _wait(float(left), operator.requests_per_second)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _from_own(self, operator: Operator, wanted: int, now: float) -> tuple[int, float]:
        rate = operator.requests_per_second / self._workers
        burst = max(1.0, operator.burst / self._workers)
        bucket = self._own.setdefault(operator.code, _Bucket(burst, now))
        if now > bucket.at:
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * rate)
            bucket.at = now
        taken = min(wanted, int(bucket.tokens))
        bucket.tokens -= taken
        return taken, _wait(bucket.tokens, rate)


def _wait(tokens: float, rate: float) -> float:
    return max(_LEAST_WAIT_SECONDS, (1.0 - tokens) / rate)
