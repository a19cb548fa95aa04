"""When gateways are asked again about what is not decided."""

from datetime import timedelta

# How long after an outcome became unknown it is asked for again; then daily and a person is told.
RE_ASK_AFTER = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
)

# A reserved attempt whose message was lost or has died is picked up again after this long.
RESERVED_IS_STALE_AFTER = timedelta(minutes=10)
# A payment the gateway accepted is polled by its age: the payer has about an hour, banks days.
POLL_EVERY = (
    (timedelta(hours=1), timedelta(minutes=2)),
    (timedelta(hours=24), timedelta(minutes=10)),
    (timedelta.max, timedelta(hours=6)),
)
