"""When a number that brings nothing is let go: the service's purge policy.

Asked after every ordinary answer to a charge, on facts from the database: a cache that was
emptied changes nothing.
"""

from dataclasses import dataclass
from datetime import timedelta

from domain.carrier.service import ServicePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the policy looks at.

    `age` is counted from the order. `failed_lately` are charges of this subscription that failed
    in the last `inactive_days`, this one included. `downloads` is None where they could not be
    counted, which skips the rule about them.
    """

    age: timedelta
    this_failed: bool
    failed_lately: int
    downloads: int | None


def purge_reason(policy: ServicePolicy, facts: Facts) -> str | None:
    """Return which rule lets the number go, the first one that is true; None keeps it."""
    if policy.purge_after_days > 0 and facts.age < timedelta(days=policy.purge_after_days):
        return None
    lifetime = timedelta(days=policy.retry_days)
    towards_end = facts.age > lifetime - timedelta(days=policy.grace_days)
    if policy.inactive_days > 0 and facts.failed_lately > policy.inactive_days:
        return f"more than {policy.inactive_days} charges failed in as many days"
    if policy.grace_days > 0 and facts.this_failed and towards_end:
        return "a charge failed in the last days of its lifetime"
    if policy.purges and policy.retry_days > 0 and facts.age > lifetime:
        return "its lifetime is over"
    unused = facts.downloads is not None and facts.downloads < policy.minimal_touch_times
    return "it was hardly ever used" if unused and towards_end else None
