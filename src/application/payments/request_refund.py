"""Money back: reserved under the attempt's lock, so that never more goes back than came."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.errors import NotFound
from application.payments.ports import PaymentsUnitOfWork
from application.ports import Clock, Entropy, NewMessage, UnitsOfWork
from domain.payments import invoice
from domain.payments.attempt import Attempt, IllegalMove, PartiallyRefunded, Succeeded
from domain.payments.receipt import returned
from domain.payments.refund import Refund, Reserved, reserve
from domain.shared.errors import InvalidValue
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, RefundId
from domain.shared.money import Money


@dataclass(frozen=True, slots=True)
class RefundWish:
    """Give back `money` of an attempt, or all that is left of it.

    `refund_id` is the key, where what leads to the refund must never lead to a second one.
    """

    cause: Cause
    attempt_id: AttemptId
    money: Money | None
    reason: str
    requested_by: str
    refund_id: RefundId | None = None


async def reserve_refunds(
    uow: PaymentsUnitOfWork, wishes: Sequence[RefundWish], *, clock: Clock, entropy: Entropy
) -> list[Refund]:
    """Reserve refunds and the messages that will carry them out; never commits."""
    return [await _reserve(uow, wish, clock, entropy) for wish in wishes]


async def _reserve(
    uow: PaymentsUnitOfWork, wish: RefundWish, clock: Clock, entropy: Entropy
) -> Refund:
    attempt = (await uow.attempts.lock_many([wish.attempt_id])).get(wish.attempt_id)
    if attempt is None:
        raise NotFound("payment", wish.attempt_id)
    captured = captured_of(attempt)
    before = Money(await uow.refunds.spoken_for(attempt.id), captured.currency)
    giving = wish.money or captured - before
    refund = reserve(
        Refund(
            id=wish.refund_id or RefundId(entropy.new_id()),
            attempt_id=attempt.id,
            invoice_id=attempt.invoice_id,
            money=giving,
            reason=wish.reason,
            requested_by=wish.requested_by,
            state=Reserved(),
            created_at=clock.now(),
            receipt=attempt.receipt and returned(attempt.receipt, giving),
        ),
        captured=captured,
        spoken_for=before,
    )
    await uow.refunds.add(refund)
    owed = (await uow.invoices.lock_many([attempt.invoice_id]))[attempt.invoice_id]
    # A second payment of a paid invoice goes back without touching the chain of the first.
    if isinstance(owed.state, invoice.Paid | invoice.PartiallyRefunded) and (
        owed.state.attempt_id == attempt.id
    ):
        moved, said = invoice.request_refund(owed, refund.id, refund.money)
        await uow.invoices.save_many([(wish.cause, moved, said)])
        uow.events.record(wish.cause, said)
    elif isinstance(owed.state, invoice.Refunding) and owed.state.attempt_id == attempt.id:
        raise invoice.IllegalInvoiceMove(owed, "be refunded while another refund is under way")
    uow.messages.add([refund_message(refund, wish.cause)])
    return refund


def captured_of(attempt: Attempt) -> Money:
    """Return what may go back in all; raise IllegalMove where nothing was taken, or all went."""
    if not attempt.is_of_card:
        raise InvalidValue(f"{attempt.provider} takes no money back from us")
    match attempt.state:
        case Succeeded(captured=captured) | PartiallyRefunded(captured=captured):
            return captured
        case _:
            raise IllegalMove(attempt, "be refunded")


def refund_message(refund: Refund, cause: Cause) -> NewMessage:
    """Build the message that carries a refund out."""
    return NewMessage(
        queue="payments",
        name="payments.refund.v1",
        payload={"refund_id": str(refund.id)},
        order_key=f"refund:{refund.attempt_id}",
        correlation_id=cause.correlation_id,
    )


@dataclass(frozen=True, slots=True)
class RequestRefund:
    """Give money back on somebody's demand."""

    units_of_work: UnitsOfWork[PaymentsUnitOfWork]
    clock: Clock
    entropy: Entropy

    async def __call__(self, wish: RefundWish) -> Refund:
        """Reserve the refund; its outcome comes later and is seen on the invoice."""
        async with self.units_of_work() as uow:
            (refund,) = await reserve_refunds(uow, [wish], clock=self.clock, entropy=self.entropy)
            await uow.commit()
        return refund
