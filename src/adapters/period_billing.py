"""What subscriptions call billing: periods to pay for become invoices and charge attempts.

Both contexts keep their own words and neither imports the other; this translates, inside the
transaction of the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from application.payments.open_charges import (
    ChargeOrder,
    Impossible,
    NothingOwed,
    OpenCharges,
    Opened,
)
from application.payments.ports import PaymentsUnitOfWork
from application.subscriptions.ports import (
    AlreadyPaid,
    ChargeImpossible,
    ChargeOpened,
    ChargeResult,
    PeriodCharge,
)
from domain.payments import invoice
from domain.payments.invoice import SubscriptionPeriod
from domain.shared.calendar import Period
from domain.shared.facts import Cause
from domain.shared.ids import CustomerId, InvoiceId, MethodId, PriceId, SubscriptionId
from domain.shared.money import Money


@dataclass(frozen=True, slots=True)
class PeriodBilling:
    """What subscriptions ask of payments; one instance per transaction."""

    uow: PaymentsUnitOfWork
    open_charges: OpenCharges

    async def charge(self, charges: Sequence[PeriodCharge]) -> Sequence[ChargeResult]:
        """Open a charge of a saved method per period."""
        orders = [
            ChargeOrder(
                cause=charge.cause,
                customer_id=charge.customer_id,
                purpose=SubscriptionPeriod(charge.subscription_id, charge.price_id, charge.period),
                money=charge.money,
                description=charge.description,
                provider=charge.provider,
                method_id=charge.method_id,
                due_at=charge.due_at,
            )
            for charge in charges
        ]
        return [_result(answer) for answer in await self.open_charges(self.uow, orders)]

    async def invoice(
        self,
        cause: Cause,
        *,
        subscription_id: SubscriptionId,
        customer_id: CustomerId,
        price_id: PriceId,
        period: Period,
        money: Money,
        description: str,
        due_at: datetime | None = None,
    ) -> InvoiceId:
        """Issue the invoice of a period, return the one there is, or issue it again."""
        key = (subscription_id, period.start)
        known = await self.uow.invoices.lock_for_periods([key])
        if key in known:
            again, chain = self.open_charges.reissue(known[key], due_at)
            if chain:
                await self.uow.invoices.save_many([(cause, again, chain)])
                self.uow.events.record(cause, chain)
            return again.id
        purpose = SubscriptionPeriod(subscription_id, price_id, period)
        issued, said = self.open_charges.issue(
            customer_id, purpose, money, description, due_at=due_at
        )
        await self.uow.invoices.add_many([(cause, issued, said)])
        self.uow.events.record(cause, said)
        return issued.id

    async def usable_method(
        self, customer_id: CustomerId, provider: str, method_id: MethodId | None
    ) -> MethodId | None:
        """Return the method if it is the customer's and may be charged, or their newest one."""
        if method_id is None:
            newest = await self.uow.methods.latest_of([customer_id], provider)
            return newest[customer_id].id if customer_id in newest else None
        method = (await self.uow.methods.get_many([method_id])).get(method_id)
        if method is None or method.customer_id != customer_id or not method.is_active:
            return None
        return method.id if method.provider == provider else None

    async def is_invoiced(self, subscription_id: SubscriptionId, start: datetime) -> bool:
        """Tell whether the period that begins then has an invoice, open or closed."""
        key = (subscription_id, start)
        return key in await self.uow.invoices.lock_for_periods([key])

    async def withdraw(self, cause: Cause, invoice_id: InvoiceId, why: str) -> None:
        """Cancel the invoice as soon as its open attempt is decided."""
        found = (await self.uow.invoices.lock_many([invoice_id])).get(invoice_id)
        if found is None or not isinstance(found.state, invoice.Issued | invoice.Processing):
            return
        moved, said = invoice.cancel(found, why)
        await self.uow.invoices.save_many([(cause, moved, said)])
        self.uow.events.record(cause, said)

    async def keep(self, cause: Cause, invoice_id: InvoiceId) -> None:
        """Take a withdrawal back that the gateway has not answered yet."""
        found = (await self.uow.invoices.lock_many([invoice_id])).get(invoice_id)
        if found is None or not isinstance(found.state, invoice.Canceling):
            return
        moved, said = invoice.keep(found)
        await self.uow.invoices.save_many([(cause, moved, said)])
        self.uow.events.record(cause, said)

    async def close(self, cause: Cause, ids: Sequence[SubscriptionId]) -> None:
        """Expire what is issued for subscriptions that are over."""
        owed = await self.uow.invoices.lock_open_of(ids)
        moved = [invoice.expire(item) for item in owed]
        await self.uow.invoices.save_many([(cause, new, said) for new, said in moved])
        for _, said in moved:
            self.uow.events.record(cause, said)


def _result(answer: Opened | NothingOwed | Impossible) -> ChargeResult:
    match answer:
        case Opened(invoice_id, _):
            return ChargeOpened(invoice_id)
        case NothingOwed(invoice_id):
            return AlreadyPaid(invoice_id)
        case Impossible(why, not_before):
            return ChargeImpossible(why, not_before)
        case _:
            assert_never(answer)
