"""What every move of a subscription is made of."""

from dataclasses import replace

from domain.shared.errors import DomainError
from domain.shared.ids import InvoiceId
from domain.subscriptions import events
from domain.subscriptions.model import OpenCharge, State, Subscription, status_of

Moved = tuple[Subscription, list[events.SubscriptionEvent]]


class IllegalSubscriptionMove(DomainError):
    """The subscription is not in a state from which this can happen."""

    code = "illegal_subscription_move"

    def __init__(self, subscription: Subscription, move: str) -> None:
        super().__init__(
            f"subscription {subscription.id} is {status_of(subscription.state)} and cannot {move}"
        )
        self.subscription_id, self.move = subscription.id, move


def moved_to(subscription: Subscription, state: State) -> Subscription:
    """Return the subscription in another state, or in the same one with something else changed."""
    return replace(subscription, state=state, version=subscription.version + 1)


def without(subscription: Subscription, invoice_id: InvoiceId | None) -> OpenCharge | None:
    """Return the open charge, unless it is the one of this invoice."""
    charge = subscription.charge
    return None if charge is not None and charge.invoice_id == invoice_id else charge
