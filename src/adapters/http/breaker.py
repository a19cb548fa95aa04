"""The circuit breaker: a gateway that cannot be reached is asked rarely, not by everybody."""

import logging
import time
from collections.abc import Callable

_log = logging.getLogger("kazna.http.breaker")


class CircuitBreaker:
    """Stop calling after so many failures in a row, then let one call through now and again.

    Only silence counts as failure: no connection, or no complete answer in time. An answer, be it
    a 500, is quick and proves that somebody is there. While open, `admit` lets one probe pass per
    pause; its answer closes the breaker, its failure starts the next pause. `monotonic` is machine
    time in seconds.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: int,
        pause_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._limit = failures
        self._pause_seconds = pause_seconds
        self._monotonic = monotonic
        self._failures = 0
        self._opened_at: float | None = None
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Tell whether calls are being turned away."""
        return self._opened_at is not None

    def admit(self) -> float | None:
        """Return None when the call may be made, else after how many seconds to come again.

        Whoever is admitted must report back: `answered`, `failed` or `withdrawn`.
        """
        if self._opened_at is None:
            return None
        left = self._opened_at + self._pause_seconds - self._monotonic()
        if left > 0 or self._is_probing:
            return max(left, 1.0)
        self._is_probing = True
        return None

    def answered(self) -> None:
        """Note that somebody answered; everything is well again."""
        if self._opened_at is not None:
            _log.info("%s answers again", self._name)
        self._failures = 0
        self._opened_at = None
        self._is_probing = False

    def failed(self) -> None:
        """Note that nobody answered; open at the limit, and again after a failed probe."""
        self._failures += 1
        self._is_probing = False
        if self._failures < self._limit:
            return
        if self._opened_at is None:
            _log.warning("%s did not answer %d times in a row", self._name, self._failures)
        self._opened_at = self._monotonic()

    def withdrawn(self) -> None:
        """Note that the call was given up by the caller and proves nothing."""
        self._is_probing = False
