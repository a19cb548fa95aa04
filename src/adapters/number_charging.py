"""What the carrier context calls charging: payments in the words of numbers.

Both contexts keep their own words and neither imports the other; this translates, inside the
transaction of the caller.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

import asyncpg

from application.carrier import gateway as said
from application.carrier.ports import (
    Leaving,
    MissedReport,
    NotOpened,
    NumberAnswer,
    NumberCharge,
    Opened,
    Settled,
)
from application.payments import provider
from application.payments.answers import Answer, GatewayAnswer
from application.payments.let_go import let_go
from application.payments.open_charges import ChargeOrder, Impossible, NothingOwed, OpenCharges
from application.payments.open_charges import Opened as ChargeOpened
from application.payments.ports import PaymentsUnitOfWork
from application.payments.settle_payments import SettlePayments
from application.ports import Clock, Entropy
from domain.payments import attempt as attempts
from domain.payments import invoice
from domain.payments.attempt import (
    Accepted,
    Attempt,
    Occasion,
    Reserved,
    Sent,
    Unknown,
    external_id_of,
    status_of,
)
from domain.payments.declines import Decline, DeclineReason
from domain.payments.invoice import Processing, SubscriptionPeriod
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, SubscriptionId
from domain.shared.money import Money

_REASONS = {
    said.OperatorDecline.INSUFFICIENT_FUNDS: DeclineReason.INSUFFICIENT_FUNDS,
    said.OperatorDecline.OPERATOR_FAILURE: DeclineReason.PROCESSOR_ERROR,
    said.OperatorDecline.FREQUENCY_EXCEEDED: DeclineReason.LIMIT_EXCEEDED,
    said.OperatorDecline.OTHER: DeclineReason.ISSUER_DECLINED,
    said.OperatorDecline.INACTIVE_NUMBER: DeclineReason.ISSUER_DECLINED,
    said.OperatorDecline.UNKNOWN_NUMBER: DeclineReason.ISSUER_DECLINED,
    said.OperatorDecline.BARRED: DeclineReason.ISSUER_DECLINED,
}


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
        answers = await self.open_charges(self.uow, [_order(charge) for charge in charges])
        return [_opened(answer) for answer in answers]

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
            _leaving(leaving.get(one.id, one), one.id in leaving, owed[one.invoice_id])
            for one in found.values()
            if one.id in leaving or isinstance(one.state, Sent | Accepted | Unknown)
        ]

    async def take_back(self, ids: Sequence[AttemptId]) -> None:
        """Return attempts to reserved that certainly were not heard."""
        now = self.clock.now()
        found = await self.uow.attempts.lock_many(ids)
        await self.uow.attempts.save_many(
            [attempts.not_sent(one, now=now) for one in found.values() if _is_sent(one)]
        )

    async def settle(self, answers: Sequence[NumberAnswer]) -> Sequence[Settled]:
        """Apply answers through the one door; return every attempt they name, once."""
        ids = list(dict.fromkeys(answer.attempt_id for answer in answers))
        before = dict(await self.uow.attempts.lock_many(ids))
        await self._missed(
            [before[a.attempt_id] for a in answers if isinstance(a.outcome, MissedReport)]
        )
        told = [
            Answer(
                attempt_id=answer.attempt_id,
                answer=meant,
                question=answer.question,
                cause=answer.cause,
            )
            for answer in answers
            if answer.attempt_id in before
            and (meant := self._meaning(before[answer.attempt_id], answer)) is not None
        ]
        await self.settle_payments(self.uow, told)
        after = await self.uow.attempts.get_many(ids)
        owed = await self.uow.invoices.get_many([one.invoice_id for one in after.values()])
        return [
            Settled(
                attempt_id=one.id,
                subscription_id=_subscription_of(owed[one.invoice_id]),
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
        ours = {token: key for token in tokens if (key := _uuid(token)) is not None}
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
            missed, events = attempts.miss_report(one, now=self.clock.now())
            if events:
                await self.uow.attempts.save_many([missed])
                cause = Cause(
                    actor="kazna:carrier",
                    reason="no report in time",
                    correlation_id=one.id,
                )
                self.uow.events.record(cause, events)

    def _meaning(self, attempt: Attempt, answer: NumberAnswer) -> GatewayAnswer | None:
        """Say an operator's answer in the words of payments; None where it proves nothing."""
        match answer.outcome:
            case said.Paid(receipt, money, at):
                taken_at = at or self.clock.now()
                return provider.Succeeded(_snapshot(attempt, receipt, taken_at, money=money))
            case said.Accepted(receipt):
                return provider.Accepted(_snapshot(attempt, receipt, None))
            case said.Declined(receipt, reason, retryable):
                meant = _REASONS[reason] if retryable else DeclineReason.RESTRICTED
                return _declined(attempt, receipt, meant, reason.value)
            case said.Postpaid(receipt):
                return _declined(attempt, receipt, DeclineReason.POSTPAID, "postpaid")
            case said.Blacklisted(receipt):
                return _declined(attempt, receipt, DeclineReason.BLACKLISTED, "blacklisted")
            case said.Misconfigured(why):
                return provider.Rejected(code="misconfigured", description=why)
            case said.OutcomeUnknown(why):
                return provider.OutcomeUnknown(why)
            case said.NeverHeard():
                return provider.Missing()
            case said.NotSent() | said.Unreachable() | MissedReport():
                return None
            case _:
                assert_never(answer.outcome)


def _order(charge: NumberCharge) -> ChargeOrder:
    one = charge.subscription
    return ChargeOrder(
        cause=charge.cause,
        customer_id=one.customer_id,
        purpose=SubscriptionPeriod(one.id, one.price_id, charge.period),
        money=one.money,
        description=charge.description,
        provider=one.terms.provider,
        method_id=None,
        occasion=Occasion(charge.occasion),
        due_at=charge.invoice_due_at,
        urgent=charge.urgent,
    )


def _opened(answer: ChargeOpened | NothingOwed | Impossible) -> Opened | NotOpened:
    match answer:
        case ChargeOpened(invoice_id, attempt_id):
            return Opened(invoice_id, attempt_id)
        case NothingOwed():
            return NotOpened("the period is paid")
        case Impossible(why):
            return NotOpened(why)
        case _:
            assert_never(answer)


def _leaving(attempt: Attempt, fresh: bool, owed: invoice.Invoice) -> Leaving:
    return Leaving(
        attempt_id=attempt.id,
        fresh=fresh,
        status=status_of(attempt),
        external_id=external_id_of(attempt),
        since=_since(attempt),
        customer_id=attempt.customer_id,
        subscription_id=_subscription_of(owed),
        operator=attempt.provider,
        money=attempt.money,
        description=owed.description,
        created_at=attempt.created_at,
    )


def _subscription_of(owed: invoice.Invoice) -> SubscriptionId | None:
    purpose = owed.purpose
    return purpose.subscription_id if isinstance(purpose, SubscriptionPeriod) else None


def _since(attempt: Attempt) -> datetime:
    match attempt.state:
        case Sent(at=since) | Accepted(since=since) | Unknown(since=since):
            return since
        case _:
            return attempt.created_at


def _is_sent(attempt: Attempt) -> bool:
    return isinstance(attempt.state, Sent)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _declined(
    attempt: Attempt, receipt: said.OperatorReceipt, reason: DeclineReason, word: str
) -> provider.Declined:
    raw_code = f"{receipt.code} {word}".strip()
    snapshot = _snapshot(attempt, receipt, None) if receipt.token else None
    return provider.Declined(Decline(reason, raw_code), snapshot)


def _snapshot(
    attempt: Attempt,
    receipt: said.OperatorReceipt,
    captured_at: datetime | None,
    *,
    money: Money | None = None,
) -> provider.PaymentSnapshot:
    """Show a charge as a payment; the token is the operator's, or ours where it has none."""
    taken = money is not None
    return provider.PaymentSnapshot(
        provider=attempt.provider,
        external_id=receipt.token or str(attempt.id),
        status=provider.PaymentStatus.SUCCEEDED if taken else provider.PaymentStatus.PENDING,
        money=money or attempt.money,
        captured=money or Money.zero(attempt.money.currency),
        refunded=Money.zero(attempt.money.currency),
        created_at=attempt.created_at,
        captured_at=captured_at,
        raw={"code": receipt.code},
    )
