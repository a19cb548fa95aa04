"""What the carrier context calls charging: payments in the words of numbers.

Both contexts keep their own words and neither imports the other; this translates, inside the
transaction of the caller.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from adapters.number_words import (
    batch_order_of,
    is_sent,
    leaving_of,
    meaning,
    opened,
    order_of,
    subscription_of,
    uuid_or_none,
)
from application.carrier.ports import (
    BatchCharge,
    Leaving,
    MissedReport,
    NotOpened,
    NumberAnswer,
    NumberCharge,
    Opened,
    Settled,
)
from application.payments.answers import Answer
from application.payments.let_go import let_go
from application.payments.open_charges import OpenCharges
from application.payments.ports import PaymentsUnitOfWork
from application.payments.settle_payments import SettlePayments
from application.ports import Clock, Entropy
from domain.payments import attempt as attempts
from domain.payments import invoice
from domain.payments.attempt import (
    Accepted,
    Attempt,
    Reserved,
    Sent,
    Unknown,
    status_of,
)
from domain.payments.invoice import Processing
from domain.payments.missed_report import miss_report
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, SubscriptionId


class _LiveOperators:
    """Operators have no test shops."""

    def is_test(self, code: str) -> bool:
        return False


def number_settlement(clock: Clock, entropy: Entropy) -> SettlePayments:
    """Return the one door, for attempts that operators answer."""
    return SettlePayments(clock, entropy, _LiveOperators())


@dataclass(frozen=True, slots=True)
class NumberCharging:
    """What the carrier context asks of payments; one instance per transaction, never commits."""

    uow: PaymentsUnitOfWork
    driver: asyncpg.Connection
    open_charges: OpenCharges
    settle_payments: SettlePayments
    clock: Clock

    async def open(self, charges: Sequence[NumberCharge]) -> Sequence[Opened | NotOpened]:
        """Reserve charges: invoice, attempt and message."""
        answers = await self.open_charges(self.uow, [order_of(charge) for charge in charges])
        return [opened(answer) for answer in answers]

    async def open_batch(self, charges: Sequence[BatchCharge]) -> Sequence[Opened | NotOpened]:
        """Reserve charges that no subscription asks for."""
        answers = await self.open_charges(self.uow, [batch_order_of(charge) for charge in charges])
        return [opened(answer) for answer in answers]

    async def leave(self, ids: Sequence[AttemptId]) -> Sequence[Leaving]:
        """Return those still open, and mark reserved ones as sent, before a byte leaves."""
        now = self.clock.now()
        found = await self.uow.attempts.lock_many(ids)
        owed = await self.uow.invoices.get_many([one.invoice_id for one in found.values()])
        reserved = [one for one in found.values() if isinstance(one.state, Reserved)]
        wanted = [one for one in reserved if owed[one.invoice_id].state == Processing(one.id)]
        await let_go(self.uow, [one for one in reserved if one not in wanted], now=now)
        leaving = {one.id: attempts.send(one, now=now) for one in wanted}
        await self.uow.attempts.save_many(list(leaving.values()))
        return [
            leaving_of(leaving.get(one.id, one), one.id in leaving, owed[one.invoice_id])
            for one in found.values()
            if one.id in leaving or isinstance(one.state, Sent | Accepted | Unknown)
        ]

    async def take_back(self, ids: Sequence[AttemptId]) -> None:
        """Return attempts to reserved that certainly were not heard."""
        now = self.clock.now()
        found = await self.uow.attempts.lock_many(ids)
        await self.uow.attempts.save_many(
            [attempts.not_sent(one, now=now) for one in found.values() if is_sent(one)]
        )

    async def settle(self, answers: Sequence[NumberAnswer]) -> Sequence[Settled]:
        """Apply answers through the one door; return every attempt they name, once."""
        ids = list(dict.fromkeys(answer.attempt_id for answer in answers))
        before = dict(await self.uow.attempts.lock_many(ids))
        await self._missed(
            [before[a.attempt_id] for a in answers if isinstance(a.outcome, MissedReport)]
        )
        now = self.clock.now()
        told = [
            Answer(
                attempt_id=answer.attempt_id,
                answer=meant,
                question=answer.question,
                cause=answer.cause,
            )
            for answer in answers
            if answer.attempt_id in before
            and (meant := meaning(before[answer.attempt_id], answer, now)) is not None
        ]
        await self.settle_payments(self.uow, told)
        after = await self.uow.attempts.get_many(ids)
        owed = await self.uow.invoices.get_many([one.invoice_id for one in after.values()])
        return [
            Settled(
                attempt_id=one.id,
                operator=one.provider,
                subscription_id=subscription_of(owed[one.invoice_id]),
                customer_id=one.customer_id,
                invoice_id=one.invoice_id,
                occasion=one.occasion.value,
                number=one.number,
                status=status_of(one),
                money=one.money,
                moved=one.version != before[one.id].version,
            )
            for one in after.values()
        ]

    async def services_of(self, ids: Collection[AttemptId]) -> Mapping[AttemptId, str]:
        """Return the code of the service each attempt pays for."""
        rows = await self.driver.fetch(
            "SELECT payment.id, coalesce(subscription.service_code, "
            "split_part(invoice.reference, ':', 2)) AS code FROM payment "
            "JOIN invoice ON invoice.id = payment.invoice_id "
            "LEFT JOIN subscription ON subscription.id = invoice.subscription_id "
            "WHERE payment.id = ANY($1)",
            list(ids),
        )
        return {AttemptId(row["id"]): row["code"] or "" for row in rows}

    async def by_token(self, operator: str, tokens: Collection[str]) -> Mapping[str, AttemptId]:
        """Find attempts by the operator's token or by ours."""
        ours = {token: key for token in tokens if (key := uuid_or_none(token)) is not None}
        known = await self.uow.attempts.get_many([AttemptId(key) for key in ours.values()])
        found: dict[str, AttemptId] = {
            token: AttemptId(key)
            for token, key in ours.items()
            if AttemptId(key) in known and known[AttemptId(key)].provider == operator
        }
        others = [token for token in tokens if token not in found]
        return {**await self.uow.attempts.ids_by_external(operator, others), **found}

    async def open_of(self, ids: Collection[SubscriptionId]) -> Mapping[SubscriptionId, AttemptId]:
        """Return the open attempts of subscriptions."""
        rows = await self.driver.fetch(
            "SELECT invoice.subscription_id, payment.id FROM invoice "
            "JOIN payment ON payment.invoice_id = invoice.id "
            "WHERE invoice.subscription_id = ANY($1) AND payment.status IN "
            "('reserved', 'sent', 'accepted', 'authorized', 'unknown', 'review')",
            list(ids),
        )
        return {SubscriptionId(row["subscription_id"]): AttemptId(row["id"]) for row in rows}

    async def close(self, cause: Cause, ids: Sequence[SubscriptionId]) -> None:
        """Close what is still owed; a charge that has not left yet never will."""
        owed = await self.uow.invoices.lock_unpaid_of(ids)
        moved = [
            invoice.expire(one)
            if isinstance(one.state, invoice.Issued)
            else invoice.cancel(one, "the subscription is over")
            for one in owed
        ]
        await self.uow.invoices.save_many([(cause, new, chain) for new, chain in moved])
        for _, chain in moved:
            self.uow.events.record(cause, chain)

    async def _missed(self, late: Sequence[Attempt]) -> None:
        """Lose sight of charges whose promised report never came."""
        for one in late:
            missed, events = miss_report(one, now=self.clock.now())
            if events:
                await self.uow.attempts.save_many([missed])
                cause = Cause(
                    actor="kazna:carrier",
                    reason="no report in time",
                    correlation_id=one.id,
                )
                self.uow.events.record(cause, events)
