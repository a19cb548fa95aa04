"""Ask gateways about attempts: charge what is reserved, look up what is open.

One handler answers every reason to call: a new charge, an outcome to ask for again, a hint from a
webhook. What is asked follows from the attempt's state alone, so a message that comes twice, late
or after a crash asks the right thing: the same key again while the gateway remembers it, a
look-up once it does not.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from application.payments import gateway_requests
from application.payments.answers import Answer, GatewayAnswer
from application.payments.let_go import let_go
from application.payments.ports import BillingPolicy, PaymentsUnitOfWork, Providers
from application.payments.provider import (
    ChargeOutcome,
    Declined,
    Missing,
    NotSent,
    OutcomeUnknown,
    PaymentProvider,
    Rejected,
    Unreachable,
)
from application.payments.settle_payments import SettlePayments
from application.ports import Clock, Done, Failed, Message, UnitsOfWork
from domain.identity.customer import Customer
from domain.payments.attempt import (
    Accepted,
    Attempt,
    Authorized,
    Reserved,
    Sent,
    Unknown,
    external_id_of,
    not_sent,
    send,
)
from domain.payments.declines import Decline, DeclineReason
from domain.payments.invoice import Invoice, Processing
from domain.payments.method import PaymentMethod
from domain.payments.receipt import ReceiptTerms, of_one
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, CustomerId, InvoiceId, MethodId

# A key is not trusted to its last hour: the gateway's clock and ours may differ.
KEY_MARGIN = timedelta(hours=1)
WINDOW_BEFORE = timedelta(hours=1)
_WINDOW_AFTER = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class _Ready:
    """An attempt with everything its request needs.

    `fresh` means that this very call marked it as sent: no earlier call can have been heard.
    """

    fresh: bool
    attempt: Attempt
    invoice: Invoice
    customer: Customer
    method: PaymentMethod | None


@dataclass(frozen=True, slots=True)
class CarryOutCharges:
    """Call gateways for attempts, many at once, and settle what they answer."""

    units_of_work: UnitsOfWork[PaymentsUnitOfWork]
    settle: SettlePayments
    providers: Providers
    clock: Clock
    policy: BillingPolicy

    async def call(self, batch: Sequence[Message]) -> Sequence[Answer | Done | Failed]:
        """Answer `payments.charge_attempt.v1` and `payments.ask.v1`: `{attempt_id}` each."""
        ids = [AttemptId(UUID(message.payload["attempt_id"])) for message in batch]
        answers = await self.ask(ids)
        return [
            _reply(message, attempt_id, answers.get(attempt_id))
            for message, attempt_id in zip(batch, ids, strict=True)
        ]

    async def record(
        self, uow: PaymentsUnitOfWork, batch: Sequence[tuple[Message, Answer]]
    ) -> None:
        """Settle the answers; two messages about one attempt settle it once."""
        await self.settle(uow, [answer for _, answer in batch])

    async def ask(
        self, ids: Sequence[AttemptId]
    ) -> Mapping[AttemptId, tuple[str, str, GatewayAnswer]]:
        """Ask the gateways; return provider, question and answer of every attempt still open."""
        ready = await self._prepare(list(dict.fromkeys(ids)))
        gate = asyncio.Semaphore(self.policy.concurrency)

        async def one(item: _Ready) -> tuple[AttemptId, tuple[str, str, GatewayAnswer]]:
            async with gate:
                question, answer = await self._ask_one(item)
            return item.attempt.id, (item.attempt.provider, question, answer)

        answers = dict(await asyncio.gather(*(one(item) for item in ready)))
        unheard = {key for key, (_, _, answer) in answers.items() if isinstance(answer, NotSent)}
        await self._take_back(
            [item.attempt.id for item in ready if item.fresh and item.attempt.id in unheard]
        )
        return answers

    async def _prepare(self, ids: Sequence[AttemptId]) -> Sequence[_Ready]:
        """Mark reserved attempts as sent, durably, before the first byte leaves."""
        now = self.clock.now()
        async with self.units_of_work() as uow:
            found = await uow.attempts.lock_many(ids)
            owed = await uow.invoices.get_many([attempt.invoice_id for attempt in found.values()])
            reserved = [a for a in found.values() if isinstance(a.state, Reserved)]
            wanted = [a for a in reserved if owed[a.invoice_id].state == Processing(a.id)]
            await let_go(uow, [a for a in reserved if a not in wanted], now=now)
            customers = await uow.customers.get_many([a.customer_id for a in found.values()])
            whole = [self._with_receipt(a, owed, customers) for a in wanted]
            leaving = {a.id: send(a, now=now) for a in whole}
            await uow.attempts.save_many(list(leaving.values()))
            open_ = [
                leaving.get(attempt.id, attempt)
                for attempt in found.values()
                if attempt.id in leaving
                or isinstance(attempt.state, Sent | Accepted | Authorized | Unknown)
            ]
            methods: Mapping[MethodId, PaymentMethod] = await uow.methods.get_many(
                [attempt.method_id for attempt in open_ if attempt.method_id]
            )
            await uow.commit()
        return [
            _Ready(
                attempt.id in leaving,
                attempt,
                owed[attempt.invoice_id],
                customers[attempt.customer_id],
                methods[attempt.method_id] if attempt.method_id else None,
            )
            for attempt in open_
        ]

    def _with_receipt(
        self,
        attempt: Attempt,
        owed: Mapping[InvoiceId, Invoice],
        customers: Mapping[CustomerId, Customer],
    ) -> Attempt:
        """Draw up the receipt before the first call; every repeat sends the same."""
        terms, email = self._receipt_terms(attempt), customers[attempt.customer_id].email
        if terms is None or attempt.receipt is not None or email is None:
            return attempt
        description = owed[attempt.invoice_id].description
        return replace(attempt, receipt=of_one(email, description, attempt.money, terms))

    def _receipt_terms(self, attempt: Attempt) -> ReceiptTerms | None:
        if self.policy.receipts is None:
            return None
        takes = self.providers.get(attempt.provider).capabilities.receipts
        return self.policy.receipts if takes else None

    def _lacks_receipt(self, attempt: Attempt) -> bool:
        return attempt.receipt is None and self._receipt_terms(attempt) is not None

    async def _take_back(self, ids: Sequence[AttemptId]) -> None:
        """Return attempts to reserved that certainly were not heard, so the same key goes again."""
        if not ids:
            return
        now = self.clock.now()
        async with self.units_of_work() as uow:
            found = await uow.attempts.lock_many(ids)
            await uow.attempts.save_many(
                [not_sent(a, now=now) for a in found.values() if isinstance(a.state, Sent)]
            )
            await uow.commit()

    async def _ask_one(self, item: _Ready) -> tuple[str, GatewayAnswer]:
        attempt = item.attempt
        provider = self.providers.get(attempt.provider)
        external_id = external_id_of(attempt)
        question = "look_up" if external_id else "charge"
        try:
            if external_id:
                return question, await provider.get_payment(external_id)
            if item.fresh and self._lacks_receipt(attempt):
                return question, Rejected("receipt_needs_email", "nowhere to send a receipt to")
            # Without the receipt it should have it went out before there were any, or never.
            repeats = self._key_is_remembered(provider, attempt)
            if item.fresh or (repeats and not self._lacks_receipt(attempt)):
                return question, _never_executed(await self._charge(provider, item))
            question = "find"
            return question, await provider.find_by_reference(
                str(attempt.id),
                created_from=attempt.created_at - WINDOW_BEFORE,
                created_to=attempt.created_at + _WINDOW_AFTER,
            )
        except Exception as error:  # a plugin's exception is an unknown outcome, never a failure
            return question, OutcomeUnknown(f"the adapter failed: {type(error).__name__}")

    def _key_is_remembered(self, provider: PaymentProvider, attempt: Attempt) -> bool:
        """Tell whether a repeat under the same key can only ever give the same payment."""
        match attempt.state:
            case Sent(at=first) | Unknown(since=first):
                ttl = provider.capabilities.idempotency_ttl
                return ttl is not None and self.clock.now() - first < ttl - KEY_MARGIN
            case _:
                return False

    async def _charge(self, provider: PaymentProvider, item: _Ready) -> ChargeOutcome:
        if item.attempt.method_id is None:
            return await provider.start_checkout(
                gateway_requests.checkout(item.attempt, item.invoice, item.customer)
            )
        if item.method is None or not item.method.is_active:
            revoked = Decline(DeclineReason.CONSENT_REVOKED, "the saved method is not active")
            return Declined(revoked)
        return await provider.charge_saved(
            gateway_requests.saved_charge(item.attempt, item.invoice, item.customer, item.method)
        )


def _never_executed(answer: ChargeOutcome) -> ChargeOutcome:
    """Read "access denied" as not sent: wrong credentials must not decline every customer."""
    if isinstance(answer, Rejected) and answer.access_denied:
        return NotSent(f"access denied: {answer.code}")
    return answer


def _reply(
    message: Message, attempt_id: AttemptId, asked: tuple[str, str, GatewayAnswer] | None
) -> Answer | Done | Failed:
    if asked is None:
        return Done()
    provider, question, answer = asked
    match answer:
        case NotSent(why, retry_after) | Unreachable(why, retry_after):
            return Failed(why, retry_after_seconds=retry_after)
        case Missing() if question == "look_up":
            return Done()  # expiry asks once more, closes it and reports the difference
        case _:
            return Answer(
                attempt_id=attempt_id,
                answer=answer,
                question=question,
                cause=cause_of(message, provider, question),
            )


def cause_of(message: Message, provider: str, question: str) -> Cause:
    """Say that a gateway's answer moved something, in the story the message belongs to."""
    return Cause(
        actor=f"gateway:{provider}",
        reason=f"answer to {question}",
        correlation_id=message.correlation_id or UUID(int=message.id),
    )
