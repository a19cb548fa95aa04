"""A gateway in memory: its books, and the hands of the payers and banks behind it."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from application.payments.provider import (
    CheckoutRequest,
    PaymentSnapshot,
    PaymentStatus,
    RefundRequest,
    RefundSnapshot,
    RefundStatus,
    Rejected,
    SavedChargeRequest,
    SavedMethod,
)
from application.ports import Clock, Entropy
from domain.payments.declines import Decline, DeclineReason
from domain.shared.money import Money

PayerChoice = Decline | None

KEYS_KEPT = timedelta(hours=24)


class ScriptedGateway:
    """What the gateway knows, and what a test or a simulation lets happen there.

    A saved method pays unless told otherwise: `decline_charges` for one method until it is lifted
    with None, `decline_next` for the next charges of any method, `revoke` for ever. Keys never
    expire. The same key and request answer the same object as it stands now; the same key with
    another request is refused.
    """

    def __init__(
        self, *, clock: Clock, entropy: Entropy, provider: str = "scripted", test: bool = True
    ) -> None:
        self._clock = clock
        self._entropy = entropy
        self._provider = provider
        self._test = test
        self._payments: dict[str, PaymentSnapshot] = {}
        self._refunds: dict[str, RefundSnapshot] = {}
        self._methods: dict[str, SavedMethod] = {}
        self._keys: dict[str, tuple[object, str, datetime]] = {}
        self._two_stage: set[str] = set()
        self._saving: set[str] = set()
        self._revoked: set[str] = set()
        self._declines: dict[str, Decline] = {}
        self._next: deque[PayerChoice] = deque()
        self._executed: Counter[str] = Counter()
        self._promised: dict[str, Money] = {}
        self.charges_stay_pending = False
        self.refunds_stay_pending = False

    @property
    def payments(self) -> list[PaymentSnapshot]:
        """Every payment, in order of creation."""
        return list(self._payments.values())

    @property
    def refunds(self) -> list[RefundSnapshot]:
        """Every refund, in order of creation."""
        return list(self._refunds.values())

    def executed(self, reference: str) -> int:
        """Return how many payments were created for one of our references."""
        return self._executed[reference]

    def save_method(self, external_id: str | None = None) -> SavedMethod:
        """Keep a method as if its owner had paid with it before."""
        method = _card(external_id or str(self._entropy.new_id()), saved=True)
        self._methods[method.external_id] = method
        return method

    def revoke(self, method_id: str) -> None:
        """Withdraw the owner's consent; later charges are declined."""
        self._revoked.add(method_id)

    def decline_charges(self, method_id: str, decline: Decline | None) -> None:
        """Decline every charge of a method from now on; None lets it pay again."""
        if decline is None:
            self._declines.pop(method_id, None)
        else:
            self._declines[method_id] = decline

    def decline_next(self, *choices: PayerChoice) -> None:
        """Decide the next charges of saved methods, in order; None pays."""
        self._next.extend(choices)

    def pay(self, external_id: str) -> PaymentSnapshot:
        """Let the payer (or the gateway) finish a pending payment."""
        payment = self._pending(external_id)
        saved = external_id in self._saving
        method = payment.method or _card(external_id, saved=saved)
        if saved:
            self._methods[method.external_id] = method
        payment = replace(payment, method=method, confirmation_url=None, widget_token=None)
        if external_id in self._two_stage:
            return self._keep(replace(payment, status=PaymentStatus.AUTHORIZED))
        return self._take(payment, payment.money)

    def decline(self, external_id: str, decline: Decline) -> PaymentSnapshot:
        """Let a pending payment fail: a decline, an abandoned page, an hour gone by."""
        return self._cancel(self._pending(external_id), decline)

    def finish_refund(self, external_id: str, decline: Decline | None = None) -> RefundSnapshot:
        """Let a pending refund arrive, or be declined."""
        refund = self._refunds[external_id]
        assert refund.status is RefundStatus.PENDING, f"the refund is {refund.status}"
        if decline:
            self._promised[refund.external_payment_id] -= refund.money
            declined = replace(refund, status=RefundStatus.CANCELED, decline=decline)
            self._refunds[external_id] = declined
            return declined
        return self._give_back(refund)

    def once(self, key: str, request: object, act: Callable[[], str | Rejected]) -> str | Rejected:
        """Act once per key and return the id of what was made; a refusal keeps no key.

        A key is forgotten after a day, as gateways do: then the same request acts again.
        """
        known = self._keys.get(key)
        if known is not None and self._now() - known[2] < KEYS_KEPT:
            made_for, external_id, _ = known
            if made_for != request:
                return Rejected("key_conflict", "the key was used before", key_conflict=True)
            return external_id
        made = act()
        if isinstance(made, str):
            self._keys[key] = (request, made, self._now())
        return made

    def show(self, payment: PaymentSnapshot) -> None:
        """Show a payment like this from now on, whatever was agreed."""
        self._keep(payment)

    def payment(self, external_id: str) -> PaymentSnapshot | None:
        """Return a payment as it stands."""
        return self._payments.get(external_id)

    def refund(self, external_id: str) -> RefundSnapshot | None:
        """Return a refund as it stands."""
        return self._refunds.get(external_id)

    def newest_payments(self) -> Iterator[PaymentSnapshot]:
        """Iterate over the payments there are now, newest first, each as it stands when read."""
        return (self._payments[key] for key in reversed(list(self._payments)))

    def newest_refunds(self) -> Iterator[RefundSnapshot]:
        """Iterate over the refunds there are now, newest first, each as it stands when read."""
        return (self._refunds[key] for key in reversed(list(self._refunds)))

    def open_checkout(self, request: CheckoutRequest) -> str:
        """Create a payment that waits for its payer."""
        payment = self._create(request)
        if request.return_url:
            shown = replace(payment, confirmation_url=f"https://pay.test/{payment.external_id}")
        else:
            shown = replace(payment, widget_token=f"widget-{payment.external_id}")
        self._keep(shown)
        if not request.capture:
            self._two_stage.add(payment.external_id)
        if request.save_method:
            self._saving.add(payment.external_id)
        return payment.external_id

    def charge(self, request: SavedChargeRequest) -> str | Rejected:
        """Charge a saved method."""
        method = self._methods.get(request.external_method_id)
        if method is None:
            return Rejected("invalid_request", "there is no such method", "external_method_id")
        payment = self._keep(replace(self._create(request), method=method))
        if decline := self._fate(method.external_id):
            self._cancel(payment, decline)
        elif not self.charges_stay_pending:
            self._take(payment, payment.money)
        return payment.external_id

    def capture(self, external_id: str, money: Money | None) -> str | Rejected:
        """Take held money."""
        payment = self._payments.get(external_id)
        if payment is None:
            return Rejected("not_found", "there is no such payment")
        if payment.status is not PaymentStatus.AUTHORIZED:
            return Rejected("invalid_request", f"a payment {payment.status} cannot be captured")
        part = money or payment.money
        if part.currency != payment.money.currency or part > payment.money:
            return Rejected("invalid_request", "more than is held", "money")
        return self._take(payment, part).external_id

    def cancel(self, external_id: str) -> str | Rejected:
        """Let held money go."""
        payment = self._payments.get(external_id)
        if payment is None:
            return Rejected("not_found", "there is no such payment")
        if payment.status is not PaymentStatus.AUTHORIZED:
            return Rejected("invalid_request", f"a payment {payment.status} cannot be canceled")
        why = Decline(DeclineReason.MERCHANT_CANCELED, "canceled_by_merchant")
        return self._cancel(payment, why).external_id

    def open_refund(self, request: RefundRequest) -> str | Rejected:
        """Give money back; never more than was captured, pending refunds counted."""
        payment = self._payments.get(request.external_payment_id)
        if payment is None:
            return Rejected("invalid_request", "there is no such payment", "external_payment_id")
        if request.money.currency != payment.money.currency:
            return Rejected("invalid_request", "the currencies do not match", "money")
        promised = self._promised.get(payment.external_id, Money.zero(request.money.currency))
        if promised + request.money > payment.captured:
            return Rejected("invalid_request", "more than is left", "money")
        self._promised[payment.external_id] = promised + request.money
        refund = RefundSnapshot(
            provider=self._provider,
            external_id=str(self._entropy.new_id()),
            external_payment_id=payment.external_id,
            status=RefundStatus.PENDING,
            money=request.money,
            created_at=self._now(),
        )
        self._refunds[refund.external_id] = refund
        if not self.refunds_stay_pending:
            self._give_back(refund)
        return refund.external_id

    def _now(self) -> datetime:
        return self._clock.now()

    def _fate(self, method_id: str) -> PayerChoice:
        if method_id in self._revoked:
            return Decline(DeclineReason.CONSENT_REVOKED, "permission_revoked")
        if self._next:
            return self._next.popleft()
        return self._declines.get(method_id)

    def _create(self, request: CheckoutRequest | SavedChargeRequest) -> PaymentSnapshot:
        nothing = Money.zero(request.money.currency)
        self._executed[request.reference] += 1
        return PaymentSnapshot(
            provider=self._provider,
            external_id=str(self._entropy.new_id()),
            status=PaymentStatus.PENDING,
            money=request.money,
            captured=nothing,
            refunded=nothing,
            created_at=self._now(),
            reference=request.reference,
            metadata=dict(request.metadata),
            test=self._test,
        )

    def _keep(self, payment: PaymentSnapshot) -> PaymentSnapshot:
        self._payments[payment.external_id] = payment
        return payment

    def _pending(self, external_id: str) -> PaymentSnapshot:
        payment = self._payments[external_id]
        assert payment.status is PaymentStatus.PENDING, f"the payment is {payment.status}"
        return payment

    def _take(self, payment: PaymentSnapshot, money: Money) -> PaymentSnapshot:
        return self._keep(
            replace(
                payment, status=PaymentStatus.SUCCEEDED, captured=money, captured_at=self._now()
            )
        )

    def _cancel(self, payment: PaymentSnapshot, decline: Decline) -> PaymentSnapshot:
        return self._keep(
            replace(
                payment,
                status=PaymentStatus.CANCELED,
                decline=decline,
                confirmation_url=None,
                widget_token=None,
            )
        )

    def _give_back(self, refund: RefundSnapshot) -> RefundSnapshot:
        payment = self._payments[refund.external_payment_id]
        self._keep(replace(payment, refunded=payment.refunded + refund.money))
        arrived = replace(refund, status=RefundStatus.SUCCEEDED)
        self._refunds[refund.external_id] = arrived
        return arrived


def _card(external_id: str, *, saved: bool) -> SavedMethod:
    return SavedMethod(
        external_id=external_id,
        saved=saved,
        type="bank_card",
        title="Bank card *4444",
        last4="4444",
        first6="555555",
        expires_month=12,
        expires_year=2099,
    )
