"""Issue an invoice for something bought once, or by a manager's hand."""

from dataclasses import dataclass

from application.errors import NotFound
from application.payments.open_charges import OpenCharges
from application.payments.ports import PaymentsUnitOfWork
from domain.payments.invoice import Invoice, Manual, Purchase
from domain.shared.facts import Cause
from domain.shared.ids import CustomerId
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueInvoiceCommand:
    """What is owed and why; nothing to pay is fine, the invoice is then paid at once."""

    cause: Cause
    customer_id: CustomerId
    purpose: Purchase | Manual
    money: Money
    description: str


@dataclass(frozen=True, slots=True)
class IssueInvoice:
    """Issue one invoice inside the caller's transaction."""

    open_charges: OpenCharges

    async def within(self, uow: PaymentsUnitOfWork, command: IssueInvoiceCommand) -> Invoice:
        """Issue; never commits. Raises NotFound for an unknown customer."""
        if command.customer_id not in await uow.customers.get_many([command.customer_id]):
            raise NotFound("customer", command.customer_id)
        issued, said = self.open_charges.issue(
            command.customer_id, command.purpose, command.money, command.description
        )
        await uow.invoices.add_many([(command.cause, issued, said)])
        uow.events.record(command.cause, said)
        return issued
