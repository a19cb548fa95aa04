"""An emulator of CloudPayments: payment links, tokens, refunds, listings, notifications and faults.

Fidelity comes from CloudPayments' public documentation and its clients; where they are silent, the
choice made here is said beside it.
"""
