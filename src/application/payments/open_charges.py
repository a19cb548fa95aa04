"""Open charges of saved methods: invoice, attempt and message in one go, for many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.payments.ports import BillingPolicy, Chained, PaymentsUnitOfWork, PeriodKey
from application.ports import Clock, Entropy, NewMessage
from domain.payments import invoice
from domain.payments.asking import RESERVED_IS_STALE_AFTER
from domain.payments.attempt import Attempt, Reserved
from domain.payments.caps import CARD_SCHEME_CAPS, allowed_from
from domain.payments.events import PaymentReserved
from domain.payments.invoice import Invoice, Purpose, SubscriptionPeriod
from domain.payments.invoice_events import InvoiceEvent
from domain.payments.method import PaymentMethod
from domain.payments.occasion import Occasion
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, CustomerId, InvoiceId, MethodId
from domain.shared.money import Money

_CAP_WINDOW = max(cap.window for cap in CARD_SCHEME_CAPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOrder:
    """A period to be collected without the payer: with a saved method, or from a number.

    `due_at` is when its invoice is overdue, where the deployment's policy does not say; `urgent`
    charges overtake others that wait for the same gateway.
    """

    cause: Cause
    customer_id: CustomerId
    purpose: Purpose
    money: Money
    description: str
    provider: str
    method_id: MethodId | None
    occasion: Occasion = Occasion.SAVED
    due_at: datetime | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """An attempt is reserved and its message is on the way."""

    invoice_id: InvoiceId
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class NothingOwed:
    """The period's invoice is paid, or costs nothing."""

    invoice_id: InvoiceId


@dataclass(frozen=True, slots=True)
class Impossible:
    """Why nothing may be charged now, and from when on it may be."""

    why: str
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenCharges:
    """Open charges inside the caller's transaction; the gateway is called after its commit."""

    clock: Clock
    entropy: Entropy
    policy: BillingPolicy

    async def __call__(
        self, uow: PaymentsUnitOfWork, orders: Sequence[ChargeOrder]
    ) -> Sequence[Opened | NothingOwed | Impossible]:
        """Answer every order, in order; a period that has an invoice keeps it."""
        keys = [_key(order.purpose) for order in orders]
        known = await uow.invoices.lock_for_periods([key for key in keys if key])
        numbers = await uow.attempts.numbers([owed.id for owed in known.values()])
        forbidden = await self.forbidden(
            uow,
            {
                order.method_id: (order.customer_id, order.provider)
                for order in orders
                if order.method_id
            },
        )
        issued: list[Chained] = []
        moved: list[Chained] = []
        attempts: list[Attempt] = []
        reserved: list[tuple[Cause, PaymentReserved]] = []
        results: list[Opened | NothingOwed | Impossible] = []
        for order, key in zip(orders, keys, strict=True):
            if order.method_id is not None and order.method_id in forbidden:
                results.append(forbidden[order.method_id])
                continue
            owed = known.get(key) if key else None
            said: Sequence[InvoiceEvent] = ()
            again: Sequence[InvoiceEvent] = ()
            if owed is not None:
                owed, again = self.reissue(owed, order.due_at)
            else:
                owed, said = self.issue(
                    order.customer_id,
                    order.purpose,
                    order.money,
                    order.description,
                    due_at=order.due_at,
                )
            fresh = bool(said)
            if not isinstance(owed.state, invoice.Issued):
                if fresh:
                    issued.append((order.cause, owed, said))
                results.append(
                    NothingOwed(owed.id)
                    if isinstance(owed.state, invoice.Paid)
                    else Impossible(
                        f"its invoice is {invoice.status_of(owed.state)}",
                        # Somebody is paying it right now; tomorrow tells whether they did.
                        self.clock.now() if owed.is_open else None,
                    )
                )
                continue
            attempt = self.attempt(
                owed,
                order.provider,
                numbers.get(owed.id, 0) + 1,
                method_id=order.method_id,
                occasion=order.occasion,
            )
            owed, more = invoice.start_payment(owed, attempt.id)
            (issued if fresh else moved).append((order.cause, owed, [*said, *again, *more]))
            attempts.append(attempt)
            reserved.append((order.cause, reserved_event(attempt)))
            if order.occasion is not Occasion.REPORTED:
                uow.messages.add([charge_message(attempt, order.cause, urgent=order.urgent)])
            results.append(Opened(owed.id, attempt.id))
        await uow.invoices.add_many(issued)
        await uow.invoices.save_many(moved)
        for cause, _, chain in [*issued, *moved]:
            uow.events.record(cause, chain)
        for cause, event in reserved:
            uow.events.record(cause, [event])
        await uow.attempts.add_many(attempts)
        return results

    def issue(
        self,
        customer_id: CustomerId,
        purpose: Purpose,
        money: Money,
        description: str,
        *,
        due_at: datetime | None = None,
    ) -> invoice.Moved:
        """Issue an invoice, due by the deployment's policy by default; a zero one is paid."""
        now = self.clock.now()
        return invoice.issue(
            InvoiceId(self.entropy.new_id()),
            customer_id,
            purpose,
            money,
            description=description,
            now=now,
            due_at=max(due_at or now, now + self.policy.invoice_due),
        )

    def reissue(self, owed: Invoice, due_at: datetime | None) -> invoice.Moved:
        """Owe again what was closed unpaid, and is wanted now."""
        return invoice.reissue(owed, due_at or self.clock.now() + self.policy.invoice_due)

    def attempt(
        self,
        owed: Invoice,
        provider: str,
        number: int,
        *,
        occasion: Occasion,
        method_id: MethodId | None = None,
        return_url: str | None = None,
        saves_method: bool = False,
    ) -> Attempt:
        """Reserve an attempt: its id is the key every call for it will carry."""
        now = self.clock.now()
        return Attempt(
            id=AttemptId(self.entropy.new_id()),
            invoice_id=owed.id,
            customer_id=owed.customer_id,
            provider=provider,
            money=owed.money,
            number=number,
            occasion=occasion,
            method_id=method_id,
            saves_method=saves_method,
            return_url=return_url,
            state=Reserved(),
            created_at=now,
            next_ask_at=now + RESERVED_IS_STALE_AFTER,
        )

    async def forbidden(
        self, uow: PaymentsUnitOfWork, owners: Mapping[MethodId, tuple[CustomerId, str]]
    ) -> Mapping[MethodId, Impossible]:
        """Name the methods that must not be charged now, of those that somebody wants to.

        `owners` says for whom, and through which provider: a method of somebody else is as
        unusable as one that is spoiled or has reached its cap.
        """
        now = self.clock.now()
        ids = list(owners)
        methods = await uow.methods.get_many(ids)
        declines = await uow.attempts.declines_of(ids, now - _CAP_WINDOW)
        found: dict[MethodId, Impossible] = {}
        for key in ids:
            method: PaymentMethod | None = methods.get(key)
            if method is None or (method.customer_id, method.provider) != owners[key]:
                found[key] = Impossible("the saved method is not usable: unknown")
            elif not method.is_active:
                why = method.inactive_reason
                found[key] = Impossible(f"the saved method is not usable: {why}")
            elif (allowed := allowed_from(declines.get(key, ()), now)) > now:
                found[key] = Impossible("the card scheme allows no further try yet", allowed)
        return found


def _key(purpose: Purpose) -> PeriodKey | None:
    if isinstance(purpose, SubscriptionPeriod):
        return purpose.subscription_id, purpose.period.start
    return None


def reserved_event(attempt: Attempt) -> PaymentReserved:
    """Tell that a charge is about to be tried."""
    return PaymentReserved(
        payment_id=attempt.id,
        invoice_id=attempt.invoice_id,
        money=attempt.money,
        number=attempt.number,
    )


def charge_message(attempt: Attempt, cause: Cause, *, urgent: bool = False) -> NewMessage:
    """Build the message that carries a charge out, or asks how it stands.

    A number's goes to the queue of its operator, where urgent ones are claimed first.
    """
    card = attempt.is_of_card
    return NewMessage(
        queue="payments" if card else f"{attempt.provider}_requests",
        name="payments.charge_attempt.v1" if card else "carrier.charge_attempt.v1",
        payload={"attempt_id": str(attempt.id)},
        priority=1 if urgent else 0,
        correlation_id=cause.correlation_id,
    )
