"""When a delivery that failed is tried again: often at first, then for three days."""

from datetime import timedelta

_WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MOST_TRIES = len(_WAITS) + 1
_JITTER = 0.1


def wait_after(tries: int, fraction: float) -> timedelta | None:
    """Return how long to wait after so many failed tries; None after the last one.

    `fraction` lies in [0, 1) and makes the wait longer by up to a tenth, never shorter: what failed
    together does not come back together, and all tries span more than three days.
    """
    assert tries >= 1
    if tries >= MOST_TRIES:
        return None
    return _WAITS[tries - 1] * (1 + _JITTER * fraction)
