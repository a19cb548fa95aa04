"""The timetable of a deployment: which job runs when, in business time.

The daily jobs share an order key and run one after another in the order of their times: charges
are opened before anything expires. The matching jobs run every two minutes and merge what they
missed, because each of them reads everything since its last good run. Numbers are looked at every
minute, because their windows open at a minute of the day, and pauses, because they end at one; a
look with nothing due costs nothing.
Payouts run some hours after midnight, so that facts of the day that are late have come.
"""

from collections.abc import Sequence
from datetime import time
from zoneinfo import ZoneInfo

from application.messaging.cadence import Daily, Every
from application.messaging.timetable import Schedule

_MINUTE = 60
_TWO_MINUTES = 120
_DAILY = "jobs:daily"


def timetable(zone: ZoneInfo) -> Sequence[Schedule]:
    """Return the schedules; daily times are local times of the billing zone."""
    return (
        Schedule(
            name="autopayments",
            cadence=Daily(time(4, 0), zone),
            payload={"job": "autopayments"},
            order_key=_DAILY,
        ),
        Schedule(
            name="expire-subscriptions",
            cadence=Daily(time(4, 10), zone),
            payload={"job": "expire-subscriptions"},
            order_key=_DAILY,
        ),
        Schedule(
            name="resume-subscriptions",
            cadence=Every(_MINUTE),
            payload={"job": "resume-subscriptions"},
            order_key="jobs:resume",
        ),
        Schedule(
            name="expire-payments",
            cadence=Daily(time(4, 20), zone),
            payload={"job": "expire-payments"},
            order_key=_DAILY,
        ),
        Schedule(
            name="day-markers",
            cadence=Daily(time(0, 1), zone),
            payload={"job": "day-markers"},
            order_key="jobs:day-markers",
        ),
        Schedule(
            name="payouts",
            cadence=Daily(time(3, 0), zone),
            payload={"job": "payouts"},
            order_key="jobs:payouts",
        ),
        Schedule(
            name="parked-facts",
            cadence=Every(_MINUTE),
            payload={"job": "parked-facts"},
            order_key="jobs:parked-facts",
        ),
        Schedule(
            name="notifications",
            cadence=Every(_MINUTE),
            payload={"job": "notifications"},
            order_key="jobs:notifications",
        ),
        Schedule(
            name="analytics",
            cadence=Every(_MINUTE),
            payload={"job": "analytics"},
            order_key="jobs:analytics",
        ),
        Schedule(
            name="match-pending-payments",
            cadence=Every(_TWO_MINUTES),
            payload={"job": "match-pending-payments"},
            order_key="jobs:match-pending",
        ),
        Schedule(
            name="match-successful-payments",
            cadence=Every(_TWO_MINUTES),
            payload={"job": "match-successful-payments"},
            order_key="jobs:match-successful",
        ),
        Schedule(
            name="periodic",
            cadence=Every(_MINUTE),
            payload={"job": "periodic"},
            order_key="jobs:periodic",
        ),
        Schedule(
            name="retries",
            cadence=Every(_MINUTE),
            payload={"job": "retries"},
            order_key="jobs:retries",
        ),
        Schedule(
            name="broadcasts",
            cadence=Every(_MINUTE),
            payload={"job": "broadcasts"},
            order_key="jobs:broadcasts",
        ),
        Schedule(
            name="webhooks",
            cadence=Every(5),
            payload={"job": "webhooks"},
            order_key="jobs:webhooks",
        ),
        Schedule(
            name="ask-open-payments",
            cadence=Every(5),
            payload={"job": "ask-open-payments"},
            order_key="jobs:ask",
        ),
    )
