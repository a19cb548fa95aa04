"""A gateway's notification: checked, kept in the inbox once, and turned into a look-up.

Nothing in its body moves money: it names a payment, and the payment is fetched again.
"""

from dataclasses import dataclass

from application.payments.ports import PaymentsUnitOfWork, Providers
from application.payments.provider import EventKind, RawRequest
from application.ports import Clock, Entropy, NewMessage, UnitsOfWork


@dataclass(frozen=True, slots=True)
class ReceiveNotification:
    """Accept what comes from a provider; a repeat of what is known is welcome and does nothing."""

    units_of_work: UnitsOfWork[PaymentsUnitOfWork]
    providers: Providers
    clock: Clock
    entropy: Entropy

    async def __call__(self, provider_code: str, request: RawRequest) -> bool:
        """Keep it and answer whether it was new; raise NotificationRefused or NotFound."""
        provider = self.providers.get(provider_code)
        event = provider.verify_notification(request)
        if event.kind is EventKind.IGNORED:
            return False
        async with self.units_of_work() as uow:
            new = await uow.notifications.receive(
                provider_code, event.dedupe_key, request.body, received_at=self.clock.now()
            )
            if new:
                uow.messages.add([self._look_up(provider_code, event.kind, event.external_id)])
            await uow.commit()
        return new

    def _look_up(self, provider: str, kind: EventKind, external_id: str) -> NewMessage:
        name = {
            EventKind.PAYMENT_CHANGED: "payments.look_up.v1",
            EventKind.REFUND_CHANGED: "payments.look_up_refund.v1",
        }[kind]
        return NewMessage(
            queue="webhooks",
            name=name,
            payload={"provider": provider, "external_id": external_id},
            correlation_id=self.entropy.new_id(),
        )
