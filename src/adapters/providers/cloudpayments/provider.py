"""The CloudPayments adapter: the port's requests become API calls, the answers its outcomes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from adapters.clock import SystemClock
from adapters.providers.checks import PaymentQuestion, Verdict
from adapters.providers.cloudpayments import notifications, requests, wire
from adapters.providers.cloudpayments.api import MADE, ORDER, Api, NeedsPayer, nothing
from adapters.providers.cloudpayments.history import History, payments_among, refunds_among
from adapters.providers.cloudpayments.lookup import LookUps
from adapters.providers.cloudpayments.settings import CloudPaymentsSettings
from adapters.providers.cloudpayments.translate import (
    CODE,
    WIRE_STATUSES,
    as_number,
    payment_snapshot,
    refund_snapshot,
    to_amount,
    to_money,
)
from adapters.providers.outcomes import charge_outcome
from adapters.providers.reading import readable, refused
from application.payments.provider import (
    Accepted,
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
    RawRequest,
    RefundAnswered,
    RefundOutcome,
    RefundRequest,
    RefundSnapshot,
    RefundStatus,
    Rejected,
    SavedChargeRequest,
    Unreachable,
    VerifiedEvent,
)
from application.ports import Clock
from domain.payments.declines import Decline, DeclineReason
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
    receipts=True,
    # Nobody repeats after that without a look-up; see `KEY_MARGIN` of those who ask.
    idempotency_ttl=timedelta(hours=1),
)

_TOKEN_ENDED = ("not active", "revoked", "expired", "deleted")


class CloudPayments:
    """One terminal at CloudPayments.

    A payment is known by its invoice id, our reference, unique per attempt. Before the payer has
    entered a card there is nothing at CloudPayments that could be asked for: look-ups say Missing.
    """

    def __init__(
        self,
        settings: CloudPaymentsSettings,
        *,
        clock: Clock | None = None,
        sleep: Callable[[float], object] = asyncio.sleep,
    ) -> None:
        self._public_id, self._test = settings.public_id, settings.test_mode
        self._clock = clock or SystemClock()
        self._api = Api(settings)
        self._history = History(self._api, sleep=sleep)
        self._lookups = LookUps(self._api, self._history)
        self._door = notifications.Doorkeeper(settings.secret, settings.webhook_networks)

    @property
    def code(self) -> str:
        """`cloudpayments`."""
        return CODE

    @property
    def capabilities(self) -> Capabilities:
        """What CloudPayments can do."""
        return CAPABILITIES

    async def start_checkout(self, request: CheckoutRequest) -> ChargeOutcome:
        """Make a payment link to send the payer to, or the parameters of the widget.

        The parameters need no call: the question before the payment (Check) holds them against
        our books, so a payer who changes them is refused.
        """
        if broken := requests.broken(request):
            return broken
        now = self._clock.now()
        if request.return_url is None:
            parameters = requests.widget_parameters(request, self._public_id)
            return Accepted(
                requests.waiting(request, now, test=self._test, widget_token=parameters)
            )
        match await self._lookups.payment(request.reference):
            case Found(snapshot):
                return charge_outcome(snapshot)
            case Unreachable(why, retry_after):
                return NotSent(f"nothing was asked for: {why}", retry_after)
            case Missing():
                pass
        made = await self._api.do(
            "orders/create",
            requests.new_order(request),
            key=request.idempotency_key,
            read=ORDER,
        )
        if not isinstance(made, wire.Order):
            return made
        if to_money(made.amount, made.currency) != request.money:
            return Rejected("refused", "the key was used for another order", key_conflict=True)
        return Accepted(requests.waiting(request, now, test=self._test, confirmation_url=made.url))

    async def charge_saved(self, request: SavedChargeRequest) -> ChargeOutcome:
        """Charge a token; one that the bank wants the payer for is Declined/authentication."""
        if broken := requests.broken(request):
            return broken
        body = requests.token_charge(request)
        made = await self._api.charge("payments/tokens/charge", body, key=request.idempotency_key)
        match made:
            case NeedsPayer():
                return Declined(Decline(DeclineReason.AUTHENTICATION, "3-D Secure"))
            case Rejected(_, description) if _tells_of_ended_token(description):
                return Declined(Decline(DeclineReason.CONSENT_REVOKED, description))
            case wire.Transaction():
                return _outcome(made)
            case _:
                return made

    async def get_payment(self, external_id: str) -> LookUp:
        """Ask how a payment stands; Missing also while its payer has not entered a card."""
        return await self._lookups.payment(external_id)

    async def find_by_reference(
        self, reference: str, *, created_from: datetime, created_to: datetime
    ) -> LookUp:
        """Ask for the latest transaction of an invoice, and hold its creation against the window.

        Whole seconds are all CloudPayments tells, so the beginning is rounded down to them.
        """
        found = await self._lookups.payment(reference)
        if not isinstance(found, Found):
            return found
        since = created_from.replace(microsecond=0)
        return found if since <= found.snapshot.created_at <= created_to else Missing()

    async def list_payments(
        self, wanted: PaymentFilter
    ) -> AsyncIterator[Sequence[PaymentSnapshot]]:
        """Yield pages, newest first; refunds are operations of their own and are not summed up."""
        if wanted.captured_from or wanted.captured_to:
            raise ListingFailed("CloudPayments lists by creation only")
        if wanted.status is not None and wanted.status not in WIRE_STATUSES:
            raise ListingFailed(f"payments cannot be listed by the status {wanted.status}")
        statuses = WIRE_STATUSES[wanted.status] if wanted.status else ()
        end = wanted.created_to or self._clock.now()
        size = max(wanted.page_size, 1)
        async for stretch in self._history.stretches(wanted.created_from, end, statuses=statuses):
            rows = payments_among(stretch)
            for place in range(0, len(rows), size):
                yield rows[place : place + size]

    async def capture(
        self, external_id: str, *, idempotency_key: str, money: Money | None = None
    ) -> ChargeOutcome:
        """Take held money, all of it or a part."""
        return await self._finish(external_id, idempotency_key, money)

    async def cancel(self, external_id: str, *, idempotency_key: str) -> ChargeOutcome:
        """Let held money go."""
        return await self._finish(external_id, idempotency_key, None, void=True)

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Give money back; the payment's transaction is looked up by its invoice first."""
        if broken := requests.broken(request):
            return broken
        held = await self._lookups.transaction(request.external_payment_id)
        if not isinstance(held, wire.Transaction):
            return _not_done(held)
        money = to_money(held.amount, held.currency)
        if money.currency != request.money.currency:
            return refused(f"the payment was made in {money.currency}", "amount")
        body = requests.new_refund(request, held.transaction_id)
        made = await self._api.do("payments/refund", body, key=request.idempotency_key, read=MADE)
        if not isinstance(made, wire.Made):
            return made
        return RefundAnswered(
            RefundSnapshot(
                provider=CODE,
                external_id=str(made.transaction_id),
                external_payment_id=request.external_payment_id,
                status=RefundStatus.SUCCEEDED,
                money=request.money,
                created_at=self._clock.now(),
            )
        )

    async def get_refund(self, external_id: str) -> RefundOutcome:
        """Ask for a refund by the number of its transaction."""
        number = as_number(external_id)
        if number is None:
            return Rejected("not_found", "there is no such refund")
        found = await self._lookups.by_number(number)
        if not isinstance(found, wire.Transaction):
            return found
        if found.type != wire.REFUND:
            return Rejected("not_found", "this is no refund")
        return RefundAnswered(refund_snapshot(found))

    async def list_refunds(
        self, *, created_from: datetime, created_to: datetime
    ) -> AsyncIterator[Sequence[RefundSnapshot]]:
        """Yield refunds, newest first, a day at once."""
        async for stretch in self._history.stretches(created_from, created_to):
            if page := refunds_among(stretch):
                yield page

    def verify_notification(self, request: RawRequest) -> VerifiedEvent:
        """Check the signature over the raw bytes, then read."""
        return self._door.verify(request)

    @property
    def acknowledgement(self) -> bytes:
        """`{"code":0}`: any other answer makes it come again, up to a hundred times."""
        return notifications.ACKNOWLEDGED

    def question(self, request: RawRequest) -> PaymentQuestion | None:
        """Return what a Check asks."""
        return self._door.question(request)

    def answer(self, verdict: Verdict) -> bytes:
        """Write the answer to a Check: 0, 10, 11, 12, 13 or 20."""
        return notifications.answer(verdict)

    async def aclose(self) -> None:
        """Close connections."""
        await self._api.aclose()

    async def _finish(
        self, external_id: str, key: str, money: Money | None, *, void: bool = False
    ) -> ChargeOutcome:
        """End an authorization, then look what became of it: the answer itself says only "done"."""
        held = await self._lookups.transaction(external_id)
        if not isinstance(held, wire.Transaction):
            return _not_done(held)
        number, path = held.transaction_id, "payments/void" if void else "payments/confirm"
        amount = to_amount(money or to_money(held.amount, held.currency))
        body = wire.Named(number) if void else wire.Confirmation(number, amount)
        done = await self._api.do(path, body, key=key, read=nothing)
        if not isinstance(done, bool):
            return done
        after = await self._lookups.by_number(number)
        if isinstance(after, wire.Transaction):
            return _outcome(after)
        return OutcomeUnknown("it was done, and how it stands could not be asked")


def build(settings: CloudPaymentsSettings) -> CloudPayments:
    """Build the adapter; the entry point `cloudpayments` of the group `kazna.providers`."""
    return CloudPayments(settings)


def _outcome(transaction: wire.Transaction) -> ChargeOutcome:
    """Tell what a transaction means for its charge; one we cannot express is unknown."""
    snapshot = readable(lambda _: payment_snapshot(transaction), b"")
    return charge_outcome(snapshot) if snapshot else OutcomeUnknown("the answer cannot be read")


def _not_done(held: Missing | Unreachable) -> Rejected | NotSent:
    """Say why nothing was asked for."""
    if isinstance(held, Missing):
        return Rejected("not_found", "there is no such payment")
    return NotSent(f"nothing was asked for: {held.why}", held.retry_after_seconds)


def _tells_of_ended_token(message: str) -> bool:
    told = message.casefold()
    return "token" in told and any(word in told for word in _TOKEN_ENDED)
