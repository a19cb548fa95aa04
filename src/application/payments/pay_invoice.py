"""Pay an invoice: with a saved method in the background, or at the provider's page."""

from dataclasses import dataclass

from application.errors import NotFound
from application.payments.answers import Answer
from application.payments.carry_out_charges import CarryOutCharges
from application.payments.open_charges import OpenCharges, charge_message, reserved_event
from application.payments.ports import PaymentsUnitOfWork, Providers
from application.ports import UnitsOfWork
from domain.payments import invoice
from domain.payments.attempt import Attempt
from domain.payments.method import MethodNotUsable
from domain.payments.occasion import Occasion
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, CustomerId, InvoiceId, MethodId


@dataclass(frozen=True, slots=True, kw_only=True)
class PayInvoiceCommand:
    """How to pay; `owner` limits whose invoice it may be, None is a backend that acts for all.

    With `method_id` the saved method is charged; without, a checkout is opened that returns the
    payer to `return_url` and keeps the method if `save_method` says so.
    """

    cause: Cause
    invoice_id: InvoiceId
    owner: CustomerId | None
    provider: str
    method_id: MethodId | None = None
    return_url: str | None = None
    save_method: bool = False


@dataclass(frozen=True, slots=True)
class PayInvoice:
    """Open an attempt for an invoice, and bring a checkout to the provider."""

    units_of_work: UnitsOfWork[PaymentsUnitOfWork]
    open_charges: OpenCharges
    charges: CarryOutCharges
    providers: Providers

    async def within(self, uow: PaymentsUnitOfWork, command: PayInvoiceCommand) -> AttemptId | None:
        """Reserve the attempt; None when there is nothing to pay any more. Never commits.

        An attempt that is open already is returned as it is, so a double click pays once.
        """
        self.providers.get(command.provider)
        owed = (await uow.invoices.lock_many([command.invoice_id])).get(command.invoice_id)
        if owed is None or (command.owner and owed.customer_id != command.owner):
            raise NotFound("invoice", command.invoice_id)
        match owed.state:
            case invoice.Paid():
                return None
            case invoice.Processing(attempt_id):
                return attempt_id
            case _:
                pass
        if command.method_id is not None:
            await self._check_method(uow, command, owed.customer_id)
        number = (await uow.attempts.numbers([owed.id])).get(owed.id, 0) + 1
        attempt = self.open_charges.attempt(
            owed,
            command.provider,
            number,
            occasion=Occasion.SAVED if command.method_id else Occasion.CHECKOUT,
            method_id=command.method_id,
            return_url=command.return_url,
            saves_method=command.save_method and command.method_id is None,
        )
        moved, said = invoice.start_payment(owed, attempt.id)
        await uow.invoices.save_many([(command.cause, moved, said)])
        await uow.attempts.add_many([attempt])
        uow.events.record(command.cause, [*said, reserved_event(attempt)])
        if isinstance(owed.purpose, invoice.SubscriptionPeriod):
            await uow.periods.charge_opened(command.cause, owed.purpose.subscription_id, owed.id)
        if attempt.method_id is not None:
            uow.messages.add([charge_message(attempt, command.cause)])
        return attempt.id

    async def _check_method(
        self, uow: PaymentsUnitOfWork, command: PayInvoiceCommand, customer_id: CustomerId
    ) -> None:
        assert command.method_id is not None
        method = (await uow.methods.get_many([command.method_id])).get(command.method_id)
        if method is None or method.customer_id != customer_id:
            raise NotFound("payment method", command.method_id)
        if not method.is_active or method.provider != command.provider:
            why = method.inactive_reason or f"it belongs to {method.provider}"
            raise MethodNotUsable(f"payment method {method.id} cannot be charged: {why}")
        owners = {method.id: (customer_id, command.provider)}
        for refused in (await self.open_charges.forbidden(uow, owners)).values():
            when = f" before {refused.not_before:%Y-%m-%d %H:%M} UTC" if refused.not_before else ""
            raise MethodNotUsable(f"payment method {method.id}: {refused.why}{when}")

    async def bring_to_provider(self, attempt_id: AttemptId, cause: Cause) -> Attempt:
        """Open a reserved checkout at the provider and return the attempt with its address.

        Runs after the commit of `within`, and again for a repeated request: the key stays the
        same, so the provider opens one payment.
        """
        asked = (await self.charges.ask([attempt_id])).get(attempt_id)
        async with self.units_of_work() as uow:
            if asked is not None:
                _, question, answer = asked
                told = Answer(attempt_id=attempt_id, answer=answer, question=question, cause=cause)
                await self.charges.settle(uow, [told])
            attempt = (await uow.attempts.get_many([attempt_id]))[attempt_id]
            await uow.commit()
        return attempt
