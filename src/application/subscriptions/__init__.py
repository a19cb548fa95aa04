"""Use cases around subscriptions: subscribe, renew, expire, stop and resume."""
