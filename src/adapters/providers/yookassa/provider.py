"""The YooKassa adapter: the port's requests become API calls, the answers the port's outcomes."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from adapters.providers.outcomes import charge_outcome
from adapters.providers.pages import Sleep
from adapters.providers.reading import reader, refused
from adapters.providers.yookassa import wire
from adapters.providers.yookassa.api import Api
from adapters.providers.yookassa.notifications import Doorkeeper
from adapters.providers.yookassa.settings import YooKassaSettings
from adapters.providers.yookassa.translate import (
    CODE,
    DESCRIPTION_CHARACTERS,
    WIRE_STATUSES,
    not_after,
    not_before,
    payment_snapshot,
    refund_snapshot,
    to_amount,
    to_metadata,
    to_receipt,
)
from application.payments.provider import (
    Capabilities,
    ChargeOutcome,
    CheckoutRequest,
    Found,
    ListingFailed,
    LookUp,
    Missing,
    NotSent,
    OutcomeUnknown,
    PaymentFilter,
    PaymentSnapshot,
    RawRequest,
    RefundAnswered,
    RefundOutcome,
    RefundRequest,
    RefundSnapshot,
    Rejected,
    SavedChargeRequest,
    Unreachable,
    VerifiedEvent,
)
from domain.shared.money import Money

CAPABILITIES: Final = Capabilities(
    redirect=True,
    widget=True,
    saved_methods=True,
    two_stage=True,
    partial_capture=True,
    partial_refund=True,
    list_by_captured=True,
    webhook_signed=False,
    receipts=True,
    idempotency_ttl=timedelta(hours=24),
)

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_METADATA_KEYS, _METADATA_KEY_CHARACTERS, _METADATA_CHARACTERS = 16, 32, 512
_LARGEST_PAGE = 100
_REFUND_DESCRIPTION_CHARACTERS = 250


class _Payments:
    """A page of payments, translated."""

    __slots__ = ("items", "next_cursor")

    def __init__(self, page: wire.PaymentPage) -> None:
        self.items = [payment_snapshot(payment) for payment in page.items]
        self.next_cursor = page.next_cursor


class _Refunds:
    """A page of refunds, translated."""

    __slots__ = ("items", "next_cursor")

    def __init__(self, page: wire.RefundPage) -> None:
        self.items = [refund_snapshot(refund) for refund in page.items]
        self.next_cursor = page.next_cursor


_payment = reader(wire.Payment, payment_snapshot)
_payments = reader(wire.PaymentPage, _Payments)
_refund = reader(wire.Refund, refund_snapshot)
_refunds = reader(wire.RefundPage, _Refunds)


class YooKassa:
    """One shop at YooKassa.

    Keys are kept by the gateway for 24 hours; after that a repeat would be a new payment, so look
    it up first. Notifications are not signed: they are hints from known addresses.
    """

    def __init__(self, settings: YooKassaSettings, *, sleep: Sleep = asyncio.sleep) -> None:
        self._api = Api(settings, sleep=sleep)
        self._door = Doorkeeper(settings.webhook_networks)

    @property
    def code(self) -> str:
        """`yookassa`."""
        return CODE

    @property
    def capabilities(self) -> Capabilities:
        """What YooKassa can do."""
        return CAPABILITIES

    async def start_checkout(self, request: CheckoutRequest) -> ChargeOutcome:
        """Create a payment with a page to send the payer to, or for the widget on the shop's."""
        confirmation = (
            wire.Confirmation(type="redirect", return_url=request.return_url)
            if request.return_url
            else wire.Confirmation(type="embedded")
        )
        body = wire.NewPayment(
            amount=to_amount(request.money),
            capture=request.capture,
            description=request.description[:DESCRIPTION_CHARACTERS] or None,
            metadata=to_metadata(request.reference, request.metadata),
            confirmation=confirmation,
            save_payment_method=request.save_method or None,
            merchant_customer_id=request.customer.id,
            receipt=to_receipt(request.receipt, request.customer),
        )
        return await self._charge(body, request.idempotency_key)

    async def charge_saved(self, request: SavedChargeRequest) -> ChargeOutcome:
        """Create a payment with a saved method; a confirmation would be refused here."""
        body = wire.NewPayment(
            amount=to_amount(request.money),
            capture=True,
            description=request.description[:DESCRIPTION_CHARACTERS] or None,
            metadata=to_metadata(request.reference, request.metadata),
            payment_method_id=request.external_method_id,
            merchant_customer_id=request.customer.id,
            receipt=to_receipt(request.receipt, request.customer),
        )
        return await self._charge(body, request.idempotency_key)

    async def get_payment(self, external_id: str) -> LookUp:
        """Ask for a payment by its id."""
        if not _ID.fullmatch(external_id):
            return Missing()
        match await self._api.get(f"payments/{external_id}", read=_payment):
            case Rejected(code="not_found"):
                return Missing()
            case Rejected(code, description):
                return Unreachable(f"{code}: {description}")
            case NotSent(why, retry_after) | OutcomeUnknown(why, retry_after):
                return Unreachable(why, retry_after)
            case snapshot if snapshot.external_id != external_id:
                return Unreachable("another payment was answered")
            case snapshot:
                return Found(snapshot)

    async def find_by_reference(
        self, reference: str, *, created_from: datetime, created_to: datetime
    ) -> LookUp:
        """Read the listing of the window until the payment of this attempt turns up."""
        wanted = PaymentFilter(created_from=created_from, created_to=created_to)
        try:
            async for page in self.list_payments(wanted):
                for snapshot in page:
                    if snapshot.reference == reference:
                        return Found(snapshot)
        except ListingFailed as error:
            return Unreachable(str(error))
        return Missing()

    async def list_payments(
        self, wanted: PaymentFilter
    ) -> AsyncIterator[Sequence[PaymentSnapshot]]:
        """Yield pages, newest first; the bounds are rounded outwards to whole milliseconds."""
        query = {
            **_window("created_at", wanted.created_from, wanted.created_to),
            **_window("captured_at", wanted.captured_from, wanted.captured_to),
            "limit": str(min(max(wanted.page_size, 1), _LARGEST_PAGE)),
        }
        if wanted.status is not None:
            if wanted.status not in WIRE_STATUSES:
                raise ListingFailed(f"payments cannot be listed by the status {wanted.status}")
            query["status"] = WIRE_STATUSES[wanted.status]
        async for page in self._api.pages("payments", query, read=_payments):
            yield page

    async def capture(
        self, external_id: str, *, idempotency_key: str, money: Money | None = None
    ) -> ChargeOutcome:
        """Take held money; the rest of a partial capture goes back to the payer."""
        body = wire.NewCapture(amount=to_amount(money) if money else None)
        return await self._change(external_id, "capture", body, idempotency_key)

    async def cancel(self, external_id: str, *, idempotency_key: str) -> ChargeOutcome:
        """Let held money go; only a payment that waits for capture can be canceled."""
        return await self._change(external_id, "cancel", wire.NewCapture(), idempotency_key)

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Give money back; YooKassa refuses more than was captured."""
        body = wire.NewRefund(
            payment_id=request.external_payment_id,
            amount=to_amount(request.money),
            description=request.reason[:_REFUND_DESCRIPTION_CHARACTERS] or None,
            receipt=to_receipt(request.receipt, request.customer),
        )
        answer = await self._api.post("refunds", body, key=request.idempotency_key, read=_refund)
        return RefundAnswered(answer) if isinstance(answer, RefundSnapshot) else answer

    async def get_refund(self, external_id: str) -> RefundOutcome:
        """Ask for a refund by its id."""
        if not _ID.fullmatch(external_id):
            return Rejected("not_found", "there is no such refund")
        answer = await self._api.get(f"refunds/{external_id}", read=_refund)
        if not isinstance(answer, RefundSnapshot):
            return answer
        if answer.external_id != external_id:
            return OutcomeUnknown("another refund was answered")
        return RefundAnswered(answer)

    async def list_refunds(
        self, *, created_from: datetime, created_to: datetime
    ) -> AsyncIterator[Sequence[RefundSnapshot]]:
        """Yield pages of refunds, newest first."""
        query = {**_window("created_at", created_from, created_to), "limit": str(_LARGEST_PAGE)}
        async for page in self._api.pages("refunds", query, read=_refunds):
            yield page

    def verify_notification(self, request: RawRequest) -> VerifiedEvent:
        """Check the peer address against YooKassa's networks, then read."""
        return self._door.verify(request)

    async def aclose(self) -> None:
        """Close connections."""
        await self._api.aclose()

    async def _charge(self, body: wire.NewPayment, key: str) -> ChargeOutcome:
        if broken := _broken_metadata(body.metadata or {}):
            return refused(broken, "metadata")
        answer = await self._api.post("payments", body, key=key, read=_payment)
        return charge_outcome(answer) if isinstance(answer, PaymentSnapshot) else answer

    async def _change(
        self, external_id: str, verb: str, body: wire.NewCapture, key: str
    ) -> ChargeOutcome:
        if not _ID.fullmatch(external_id):
            return Rejected("not_found", "there is no such payment")
        path = f"payments/{external_id}/{verb}"
        answer = await self._api.post(path, body, key=key, read=_payment)
        if not isinstance(answer, PaymentSnapshot):
            return answer
        if answer.external_id != external_id:
            return OutcomeUnknown("another payment was answered")
        return charge_outcome(answer)


def build(settings: YooKassaSettings) -> YooKassa:
    """Build the adapter; the entry point `yookassa` of the group `kazna.providers`."""
    return YooKassa(settings)


def _window(field: str, start: datetime | None, end: datetime | None) -> dict[str, str]:
    bounds = {}
    if start is not None:
        bounds[f"{field}.gte"] = not_before(start)
    if end is not None:
        bounds[f"{field}.lte"] = not_after(end)
    return bounds


def _broken_metadata(metadata: Mapping[str, str]) -> str | None:
    if len(metadata) > _METADATA_KEYS:
        return f"metadata holds {_METADATA_KEYS} keys, our reference included"
    if any(not 1 <= len(key) <= _METADATA_KEY_CHARACTERS for key in metadata):
        return f"a metadata key has 1 to {_METADATA_KEY_CHARACTERS} characters"
    if any(len(value) > _METADATA_CHARACTERS for value in metadata.values()):
        return f"a metadata value has at most {_METADATA_CHARACTERS} characters"
    return None
