"""YooKassa's notifications: believed only as a hint, and only from YooKassa's addresses."""

from collections.abc import Sequence

from adapters.http.peers import Networks
from adapters.providers.reading import readable, reader
from adapters.providers.yookassa import wire
from adapters.providers.yookassa.translate import CODE
from application.payments.provider import (
    EventKind,
    NotificationRefused,
    RawRequest,
    Trust,
    VerifiedEvent,
)

_LONGEST_BODY = 256 * 1024

_KINDS = {
    "payment.waiting_for_capture": EventKind.PAYMENT_CHANGED,
    "payment.succeeded": EventKind.PAYMENT_CHANGED,
    "payment.canceled": EventKind.PAYMENT_CHANGED,
    "refund.succeeded": EventKind.REFUND_CHANGED,
}


def _same(notification: wire.Notification) -> wire.Notification:
    return notification


_read = reader(wire.Notification, _same)


class Doorkeeper:
    """Lets in what comes from the networks given; the caller names the peer, proxies considered."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = Networks(networks)

    def verify(self, request: RawRequest) -> VerifiedEvent:
        """Check the sender, then read; raise NotificationRefused."""
        if not self._networks.know(request.peer_ip):
            raise NotificationRefused("the sender is not YooKassa", authentic=False)
        if len(request.body) > _LONGEST_BODY:
            raise NotificationRefused("the notification is too long", authentic=True)
        notification = readable(_read, request.body)
        if notification is None:
            raise NotificationRefused("the notification cannot be read", authentic=True)
        event, told = notification.event, notification.object
        return VerifiedEvent(
            provider=CODE,
            dedupe_key=f"{event}:{told.id}:{told.status}",
            kind=_KINDS.get(event, EventKind.IGNORED),
            external_id=told.id,
            trust=Trust.HINT,
        )
