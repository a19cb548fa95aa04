"""Identifiers: a new type per thing, UUIDv7 inside, so that keys sort by time of creation."""

from typing import NewType
from uuid import UUID

CustomerId = NewType("CustomerId", UUID)
PlanId = NewType("PlanId", UUID)
PriceId = NewType("PriceId", UUID)
SubscriptionId = NewType("SubscriptionId", UUID)
InvoiceId = NewType("InvoiceId", UUID)
AttemptId = NewType("AttemptId", UUID)
MethodId = NewType("MethodId", UUID)
RefundId = NewType("RefundId", UUID)
TicketId = NewType("TicketId", UUID)
OperationId = NewType("OperationId", UUID)
EventId = NewType("EventId", UUID)

_RANDOM_A_BITS = 12
_RANDOM_B_BITS = 62
UUID7_RANDOM_BITS = _RANDOM_A_BITS + _RANDOM_B_BITS


def uuid7(unix_milliseconds: int, random_bits: int) -> UUID:
    """Build a version 7 UUID from a time and 74 random bits (RFC 9562, section 5.7)."""
    random_a = (random_bits >> _RANDOM_B_BITS) & 0xFFF
    random_b = random_bits & ((1 << _RANDOM_B_BITS) - 1)
    return UUID(
        int=(unix_milliseconds & 0xFFFF_FFFF_FFFF) << 80
        | 0x7 << 76
        | random_a << 64
        | 0b10 << 62
        | random_b
    )
