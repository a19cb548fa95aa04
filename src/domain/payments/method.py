"""A saved payment method: what a gateway may charge again without the payer."""

from dataclasses import dataclass, replace
from datetime import datetime

from domain.shared.errors import DomainError
from domain.shared.ids import CustomerId, MethodId


class MethodNotUsable(DomainError):
    """The saved method was forgotten, or a bank said it must not be charged again."""

    code = "payment_method_not_usable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethod:
    """A method as our side keeps it; the card itself stays with the gateway."""

    id: MethodId
    customer_id: CustomerId
    provider: str
    external_id: str
    type: str
    title: str
    last4: str | None
    saved_at: datetime
    inactive_reason: str | None = None
    version: int = 1

    @property
    def is_active(self) -> bool:
        """Tell whether it may be charged."""
        return self.inactive_reason is None


def deactivate(method: PaymentMethod, reason: str) -> PaymentMethod:
    """Stop charging a method; saying so twice keeps the first reason."""
    if not method.is_active:
        return method
    return replace(method, inactive_reason=reason, version=method.version + 1)
