"""Hard limits on how often one saved method may be charged, whatever a plan's dunning says.

Visa counts up to 15 tries of one card in 30 days, Mastercard 10 in 24 hours and 35 in 30 days;
going past them costs fees and the right to charge at all. Kazna keeps to the strictest of both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `tries` charges of one method within a window."""

    window: timedelta
    tries: int


CARD_SCHEME_CAPS = (Cap(timedelta(hours=24), 10), Cap(timedelta(days=30), 15))


def allowed_from(
    declines: Sequence[datetime], now: datetime, caps: Sequence[Cap] = CARD_SCHEME_CAPS
) -> datetime:
    """Return the first instant from `now` on at which another try stays under every cap.

    `declines` are the instants of the method's declined tries, in any order; schemes count
    repeated declined tries, not purchases that went through.
    """
    instant = now
    for cap in caps:
        counted = sorted(at for at in declines if at > instant - cap.window)
        if len(counted) >= cap.tries:
            instant = max(instant, counted[len(counted) - cap.tries] + cap.window)
    return instant
