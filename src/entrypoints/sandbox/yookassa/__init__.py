"""An emulator of YooKassa's API v3: payments, saved methods, refunds, payouts, faults.

Notifications of payments and refunds are sent as well.

Fidelity comes from YooKassa's public documentation and official SDKs; where they are silent, the
choice made here is said beside it.
"""
