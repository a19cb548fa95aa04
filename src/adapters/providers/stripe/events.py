"""Stripe's events: signed over the raw bytes, fresh, and read only for what they speak of."""

import hmac
import re
from hashlib import sha256
from typing import Any

from adapters.providers.reading import readable, reader
from adapters.providers.stripe import wire
from adapters.providers.stripe.settings import StripeSettings
from adapters.providers.stripe.translate import CODE, PAYMENT_KEY
from application.payments.provider import (
    EventKind,
    NotificationRefused,
    RawRequest,
    Trust,
    VerifiedEvent,
)

HEADER = "stripe-signature"
_LONGEST_BODY = 256 * 1024
_TIMESTAMP = re.compile(r"[0-9]{1,12}")

_OF_PAYMENTS = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payment_intent.canceled",
        "payment_intent.processing",
        "payment_intent.requires_action",
        "payment_intent.amount_capturable_updated",
        "charge.refunded",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    }
)
_OF_REFUNDS = frozenset(
    {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
)


def _same(event: wire.Event) -> wire.Event:
    return event


_read = reader(wire.Event, _same)


class Doorkeeper:
    """Lets in what is signed with one of our secrets and is no older than it may be.

    The inbox keeps every event id once, so a genuine event that is sent again does nothing; one
    recorded by somebody and played back later fails by its age.
    """

    def __init__(self, settings: StripeSettings) -> None:
        self._secrets = [secret.encode("ascii") for secret in settings.webhook_secrets]
        self._clock = settings.clock
        self._tolerance_seconds = settings.tolerance_seconds

    def verify(self, request: RawRequest) -> VerifiedEvent:
        """Check signature and age, then read; raise NotificationRefused."""
        if len(request.body) > _LONGEST_BODY:
            raise NotificationRefused("the event is too long", authentic=False)
        self._check(request.headers.get(HEADER, ""), request.body)
        event = readable(_read, request.body)
        if event is None:
            raise NotificationRefused("the event cannot be read", authentic=True)
        kind, external_id = _spoken_of(event)
        return VerifiedEvent(
            provider=CODE,
            dedupe_key=event.id,
            kind=kind,
            external_id=external_id,
            trust=Trust.AUTHENTIC,
        )

    def _check(self, header: str, body: bytes) -> None:
        pairs = [part.strip().partition("=") for part in header.split(",")]
        stamps = [value for name, _, value in pairs if name == "t"]
        given = [value.encode() for name, _, value in pairs if name == "v1"]
        if len(stamps) != 1 or not _TIMESTAMP.fullmatch(stamps[0]) or not given:
            raise NotificationRefused("the event is not signed", authentic=False)
        signed = stamps[0].encode("ascii") + b"." + body
        wanted = [hmac.new(key, signed, sha256).hexdigest().encode() for key in self._secrets]
        # Every pair is compared, so that time does not tell which one came close.
        if not any([hmac.compare_digest(one, other) for one in wanted for other in given]):  # noqa: C419
            raise NotificationRefused("the signature is wrong", authentic=False)
        age = abs(self._clock.now().timestamp() - int(stamps[0]))
        if age > self._tolerance_seconds:
            raise NotificationRefused(f"the signature is {age:.0f} s off", authentic=False)


def _spoken_of(event: wire.Event) -> tuple[EventKind, str]:
    """Tell which object of ours an event speaks of.

    A charge or a dispute speaks of its payment. A payment says in its metadata that it is known
    by its session, once we have touched it; before that, whoever asks for it learns so.
    """
    told = event.data.object
    if event.type in _OF_REFUNDS:
        return EventKind.REFUND_CHANGED, told.id
    if event.type not in _OF_PAYMENTS:
        return EventKind.IGNORED, told.id
    if isinstance(known := (told.metadata or {}).get(PAYMENT_KEY), str) and known:
        return EventKind.PAYMENT_CHANGED, known
    if not event.type.startswith("charge."):
        return EventKind.PAYMENT_CHANGED, told.id
    intent = _id_of(told.payment_intent)
    # A charge made without a PaymentIntent is not one of ours.
    return (EventKind.PAYMENT_CHANGED, intent) if intent else (EventKind.IGNORED, told.id)


def _id_of(expandable: str | dict[str, Any] | None) -> str | None:
    if isinstance(expandable, dict):
        expandable = expandable.get("id")
    return expandable if isinstance(expandable, str) else None
