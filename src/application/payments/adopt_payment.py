"""Adopt payments that the provider took for us and our books do not have.

That happens when a database was restored to an earlier moment. What the payment carries with it
names the customer, the price and the subscription, so the rows can be made again under the very
ids they had; what does not carry enough, or contradicts our books, is reported to a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.payments.answers import Answer
from application.payments.look_up_payments import foreign_payment
from application.payments.ports import PaymentsUnitOfWork
from application.payments.provider import Found, PaymentSnapshot
from application.ports import Clock
from domain.payments import invoice
from domain.payments.attempt import Accepted, Attempt
from domain.payments.invoice import Purpose, SubscriptionPeriod
from domain.payments.occasion import Occasion
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, CustomerId, InvoiceId, PriceId, SubscriptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carried:
    """What a payment of ours carries in its metadata."""

    attempt_id: AttemptId
    invoice_id: InvoiceId
    customer_id: CustomerId
    subscription_id: SubscriptionId
    price_id: PriceId
    period_start: datetime


def _read(snapshot: PaymentSnapshot) -> _Carried | None:
    carried = snapshot.metadata
    try:
        start = datetime.fromisoformat(carried["period_start"])
        return _Carried(
            attempt_id=AttemptId(UUID(carried["attempt_id"])),
            invoice_id=InvoiceId(UUID(carried["invoice_id"])),
            customer_id=CustomerId(UUID(carried["customer_id"])),
            subscription_id=SubscriptionId(UUID(carried["subscription_id"])),
            price_id=PriceId(UUID(carried["price_id"])),
            period_start=start if start.tzinfo else start.astimezone(),
        )
    except (KeyError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class AdoptPayments:
    """Make the missing rows inside the caller's transaction, ready to be settled."""

    clock: Clock

    async def __call__(
        self, uow: PaymentsUnitOfWork, snapshots: Sequence[PaymentSnapshot], cause: Cause
    ) -> list[Answer]:
        """Return an answer to settle for each payment adopted; report the others."""
        answers = []
        foreign = []
        for snapshot in snapshots:
            attempt_id = await self._adopt(uow, snapshot, cause)
            if attempt_id is None:
                foreign.append(foreign_payment(snapshot, self.clock))
                continue
            answers.append(
                Answer(attempt_id=attempt_id, answer=Found(snapshot), question="adopt", cause=cause)
            )
        await uow.journal.report(foreign)
        return answers

    async def _adopt(
        self, uow: PaymentsUnitOfWork, snapshot: PaymentSnapshot, cause: Cause
    ) -> AttemptId | None:
        carried = _read(snapshot)
        if carried is None or carried.customer_id not in await uow.customers.get_many(
            [carried.customer_id]
        ):
            return None
        period = await uow.periods.restore(
            cause,
            subscription_id=carried.subscription_id,
            customer_id=carried.customer_id,
            price_id=carried.price_id,
            provider=snapshot.provider,
            starts_at=carried.period_start,
        )
        if period is None:
            return None
        purpose = SubscriptionPeriod(carried.subscription_id, carried.price_id, period)
        owed = await self._invoice(uow, carried, purpose, snapshot, cause)
        if owed is None:
            return None
        attempt = Attempt(
            id=carried.attempt_id,
            invoice_id=owed.id,
            customer_id=carried.customer_id,
            provider=snapshot.provider,
            money=snapshot.money,
            number=(await uow.attempts.numbers([owed.id])).get(owed.id, 0) + 1,
            occasion=Occasion.CHECKOUT,
            method_id=None,
            saves_method=snapshot.method is not None and snapshot.method.saved,
            return_url=None,
            state=Accepted(snapshot.external_id, snapshot.created_at),
            created_at=snapshot.created_at,
        )
        moved, said = invoice.start_payment(owed, attempt.id)
        await uow.invoices.save_many([(cause, moved, said)])
        uow.events.record(cause, said)
        await uow.attempts.add_many([attempt])
        return attempt.id

    async def _invoice(
        self,
        uow: PaymentsUnitOfWork,
        carried: _Carried,
        purpose: Purpose,
        snapshot: PaymentSnapshot,
        cause: Cause,
    ) -> invoice.Invoice | None:
        """Return the period's invoice, made again where it is missing; None if it is closed."""
        assert isinstance(purpose, SubscriptionPeriod)
        key = (purpose.subscription_id, purpose.period.start)
        owed = (await uow.invoices.lock_for_periods([key])).get(key)
        if owed is None:
            owed, said = invoice.issue(
                carried.invoice_id,
                carried.customer_id,
                purpose,
                snapshot.money,
                description="restored from the provider's list",
                now=snapshot.created_at,
                due_at=self.clock.now(),
            )
            await uow.invoices.add_many([(cause, owed, said)])
            uow.events.record(cause, said)
        return owed if isinstance(owed.state, invoice.Issued) else None
