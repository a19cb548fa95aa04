"""Calls webhook endpoints through the guarded way out, and those that never answer rarely."""

import time
from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from adapters.http.breaker import CircuitBreaker
from adapters.http.outbound import Broken, Fetched, Forbidden, Outbound
from application.webhooks.ports import Answered, NoAnswer, Reply, Resting

_TIMEOUT_SECONDS: Final = 10.0
_SILENT_CALLS: Final = 3
_PAUSE_SECONDS: Final = 30.0
# Endpoints are few; those that were deleted go with the process.
_MOST_BREAKERS: Final = 1000


class GuardedCourier:
    """Delivers webhooks; one endpoint that hangs does not take the time of the others.

    After three calls in a row that nobody answered it is called twice a minute, until it answers.
    """

    def __init__(
        self,
        outbound: Outbound,
        *,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbound = outbound
        self._timeout_seconds = timeout_seconds
        self._monotonic = monotonic
        self._breakers: dict[tuple[UUID, str], CircuitBreaker] = {}

    async def deliver(
        self, endpoint_id: UUID, url: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """Make one call."""
        breaker = self._breaker(endpoint_id, url)
        wait = breaker.admit()
        if wait is not None:
            return Resting(wait)
        try:
            said = await self._outbound.post(
                url, self._timeout_seconds, {"content-type": "application/json", **headers}, body
            )
        except BaseException:
            breaker.withdrawn()
            raise
        match said:
            case Fetched(status, seconds, beginning):
                breaker.answered()
                return Answered(status, int(1000 * seconds), beginning.decode("utf-8", "replace"))
            case Forbidden(why):
                breaker.withdrawn()
                return NoAnswer(why)
            case Broken(why, seconds):
                breaker.failed()
                return NoAnswer(why, int(1000 * seconds))

    def _breaker(self, endpoint_id: UUID, url: str) -> CircuitBreaker:
        """Return the breaker of an endpoint; a new address begins anew."""
        key = (endpoint_id, url)
        found = self._breakers.get(key)
        if found is None:
            if len(self._breakers) >= _MOST_BREAKERS:
                self._breakers.clear()
            found = self._breakers[key] = CircuitBreaker(
                f"webhook endpoint {endpoint_id}",
                failures=_SILENT_CALLS,
                pause_seconds=_PAUSE_SECONDS,
                monotonic=self._monotonic,
            )
        return found
