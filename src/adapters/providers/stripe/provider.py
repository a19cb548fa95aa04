"""The Stripe adapter: the port's requests become API calls, the answers the port's outcomes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from adapters.providers.outcomes import charge_outcome
from adapters.providers.pages import Sleep
from adapters.providers.reading import reader, refused
from adapters.providers.stripe import listing, refunds, requests, wire
from adapters.providers.stripe.api import Api, Done
from adapters.providers.stripe.events import Doorkeeper
from adapters.providers.stripe.known import ID, MISSING, Known, by_intent, look_up, to_change
from adapters.providers.stripe.reasons import decline_of
from adapters.providers.stripe.settings import StripeSettings
from adapters.providers.stripe.translate import (
    CODE,
    intent_snapshot,
    session_snapshot,
)
from application.payments.provider import (
    Capabilities,
    ChargeOutcome,
    CheckoutRequest,
    Declined,
    Found,
    ListingFailed,
    LookUp,
    Missing,
    NotSent,
    OutcomeUnknown,
    PaymentFilter,
    PaymentSnapshot,
    PaymentStatus,
    RawRequest,
    RefundOutcome,
    RefundRequest,
    RefundSnapshot,
    Rejected,
    SavedChargeRequest,
    Unreachable,
    VerifiedEvent,
)
from domain.shared.errors import InvalidValue
from domain.shared.money import Money

CAPABILITIES: Final = Capabilities(
    redirect=True,
    widget=True,
    saved_methods=True,
    two_stage=True,
    partial_capture=True,
    partial_refund=True,
    list_by_captured=False,
    webhook_signed=True,
    receipts=False,
    idempotency_ttl=timedelta(hours=24),
)

# Where a replayed answer cannot have become anything else since.
_FINAL = (PaymentStatus.SUCCEEDED, PaymentStatus.CANCELED)


def _owner(method: wire.PaymentMethod) -> str:
    return method.customer or ""


_session = reader(wire.Session, session_snapshot)
_intent = reader(wire.PaymentIntent, intent_snapshot)
_raw_intent = reader(wire.PaymentIntent, by_intent)
_method_owner = reader(wire.PaymentMethod, _owner)


class Stripe:
    """One account at Stripe.

    Keys are kept for at least 24 hours, with the first answer, be it an error of Stripe's own; a
    repeat that brings nothing new is followed by a look-up. Events are signed, and what they speak
    of is fetched all the same.
    """

    def __init__(self, settings: StripeSettings, *, sleep: Sleep = asyncio.sleep) -> None:
        self._api = Api(settings, sleep=sleep)
        self._door = Doorkeeper(settings)

    @property
    def code(self) -> str:
        """`stripe`."""
        return CODE

    @property
    def capabilities(self) -> Capabilities:
        """What Stripe can do."""
        return CAPABILITIES

    async def start_checkout(self, request: CheckoutRequest) -> ChargeOutcome:
        """Open a session: a page of Stripe's to send the payer to, or one within the shop's."""
        return await self._charge(
            "checkout/sessions",
            lambda: requests.checkout(request),
            request.idempotency_key,
            _session,
        )

    async def charge_saved(self, request: SavedChargeRequest) -> ChargeOutcome:
        """Charge a saved method off-session; `authentication_required` is a decline.

        A method that Stripe refuses to charge because its owner has taken it away is one too.
        """
        answer = await self._charge(
            "payment_intents", lambda: requests.charge(request), request.idempotency_key, _intent
        )
        if isinstance(answer, Rejected) and _may_be_of_method(answer):
            return await self._why_refused(request.external_method_id) or answer
        return answer

    async def get_payment(self, external_id: str) -> LookUp:
        """Ask for a payment by the id of its session or of its PaymentIntent."""
        match await look_up(self._api, external_id):
            case Known(shown):
                return Found(shown)
            case Rejected(code=code) if code == MISSING:
                return Missing()
            case Rejected(code, description):
                return Unreachable(f"{code}: {description}")
            case NotSent(why, retry_after) | OutcomeUnknown(why, retry_after):
                return Unreachable(why, retry_after)

    async def find_by_reference(
        self, reference: str, *, created_from: datetime, created_to: datetime
    ) -> LookUp:
        """Read the listing of the window until the payment of this attempt turns up.

        Stripe's search by metadata would be shorter, but it lags behind by a minute or more, and
        what it does not show yet would be called missing.
        """
        wanted = PaymentFilter(created_from=created_from, created_to=created_to)
        try:
            async for page in self.list_payments(wanted):
                for snapshot in page:
                    if snapshot.reference == reference:
                        return Found(snapshot)
        except ListingFailed as error:
            return Unreachable(str(error))
        return Missing()

    def list_payments(self, wanted: PaymentFilter) -> AsyncIterator[Sequence[PaymentSnapshot]]:
        """Yield pages, newest first; see `listing.payments` for what a window means."""
        return listing.payments(self._api, wanted)

    async def capture(
        self, external_id: str, *, idempotency_key: str, money: Money | None = None
    ) -> ChargeOutcome:
        """Take held money; the rest of a partial capture goes back to the payer."""
        return await self._change(
            external_id, "capture", lambda: requests.capture(external_id, money), idempotency_key
        )

    async def cancel(self, external_id: str, *, idempotency_key: str) -> ChargeOutcome:
        """Let held money go."""
        return await self._change(external_id, "cancel", requests.cancel, idempotency_key)

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Give money back; Stripe counts a refund in the payment's own currency, whatever ours."""
        known = await to_change(self._api, request.external_payment_id)
        return await refunds.give(self._api, request, known) if isinstance(known, Known) else known

    async def get_refund(self, external_id: str) -> RefundOutcome:
        """Ask for a refund by its id."""
        return await refunds.show(self._api, external_id)

    def list_refunds(
        self, *, created_from: datetime, created_to: datetime
    ) -> AsyncIterator[Sequence[RefundSnapshot]]:
        """Yield pages of refunds, newest first."""
        return refunds.listed(self._api, created_from, created_to)

    def verify_notification(self, request: RawRequest) -> VerifiedEvent:
        """Check the signature and its age, then read."""
        return self._door.verify(request)

    async def aclose(self) -> None:
        """Close connections."""
        await self._api.aclose()

    async def _charge(
        self,
        path: str,
        fields: Callable[[], requests.Fields],
        key: str,
        read: Callable[[bytes], PaymentSnapshot],
    ) -> ChargeOutcome:
        try:
            body = fields()
        except InvalidValue as error:
            return refused(str(error), "request")
        match await self._api.post(path, body, key=key, read=read):
            case Done(shown, is_replayed) if is_replayed and shown.status not in _FINAL:
                return charge_outcome(await self._by_now(shown))
            case Done(shown):
                return charge_outcome(shown)
            case answer:
                return answer

    async def _by_now(self, replayed: PaymentSnapshot) -> PaymentSnapshot:
        """Return how a payment stands; what the first answer said where nobody can be asked."""
        match await self.get_payment(replayed.external_id):
            case Found(snapshot):
                return snapshot
            case Missing() | Unreachable():
                return replayed

    async def _why_refused(self, external_method_id: str) -> Declined | None:
        """Ask how the method stands that was refused: one that belongs to nobody was revoked."""
        customer, method = requests.parts_of(external_method_id)
        if customer is None or not ID.fullmatch(method):
            return None
        owner = await self._api.get(f"payment_methods/{method}", read=_method_owner)
        if not isinstance(owner, str) or owner == customer:
            return None
        return Declined(decline_of("payment_method_detached"))

    async def _change(
        self, external_id: str, verb: str, fields: Callable[[], requests.Fields], key: str
    ) -> ChargeOutcome:
        known = await to_change(self._api, external_id)
        if not isinstance(known, Known):
            return known
        if known.intent is None:
            return refused("nobody has paid it", "payment_intent")
        try:
            body = fields()
        except InvalidValue as error:
            return refused(str(error), "amount_to_capture")
        path = f"payment_intents/{known.intent.id}/{verb}"
        answer = await self._api.post(path, body, key=key, read=_raw_intent)
        if not isinstance(answer, Done):
            return answer
        if answer.shown.intent is None or answer.shown.intent.id != known.intent.id:
            return OutcomeUnknown("another payment was answered")
        return charge_outcome(known.moved(answer.shown.intent))


def _may_be_of_method(refusal: Rejected) -> bool:
    """Tell whether it may be the method that was refused; Stripe does not always name it."""
    said = refusal.parameter in (None, "payment_method", "customer")
    return said and not (refusal.access_denied or refusal.key_conflict)


def build(settings: StripeSettings) -> Stripe:
    """Build the adapter; the entry point `stripe` of the group `kazna.providers`."""
    return Stripe(settings)
