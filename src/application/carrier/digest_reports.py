"""Apply what operators report by themselves: outcomes, stops, changes of a number.

A report names an attempt by a token, or a subscription by number and service, or only a number.
It is matched in this order; what fits nobody, or more than one, waits for a person.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never
from uuid import UUID

from application.carrier.cache import FreshSubscriptions, live_of
from application.carrier.change_number import change_number
from application.carrier.digest_answers import DigestAnswers
from application.carrier.gateway import (
    Accepted,
    ChargeReported,
    NumberChanged,
    Paid,
    PurgeRequested,
    SubscribeRequested,
    UnsubscribeRequested,
)
from application.carrier.ports import (
    BatchCharge,
    CarrierUnitOfWork,
    NumberAnswer,
    NumberCharge,
    Opened,
    Reference,
    References,
    Unresolved,
)
from application.carrier.reports import (
    Told,
    code_of,
    numbers_of,
    operator_of,
    service_of,
    story_of,
    told_by,
)
from application.carrier.unsubscribe import Unsubscribe
from application.carrier.wire import report_to_json
from application.ports import Clock, Entropy, Message
from domain.carrier.correlation import Named, Unclear, choose
from domain.shared.ids import AttemptId
from domain.shared.msisdn import Msisdn
from domain.subscriptions import lifecycle
from domain.subscriptions.model import CarrierTerms, Refused, Subscription
from domain.subscriptions.number_renewal import owed_period

_BOOKED_LATE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class DigestReports:
    """Handle `carrier.operator_report.v1` of `{operator}_responses`."""

    references: References
    fresh: FreshSubscriptions
    answers: DigestAnswers
    unsubscribe: Unsubscribe
    clock: Clock
    entropy: Entropy

    async def __call__(self, uow: CarrierUnitOfWork, batch: Sequence[Message]) -> None:
        """Apply a batch of reports; never commits."""
        told = [told_by(message) for message in batch]
        numbers = {number for one in told for number in numbers_of(one.report)}
        # The numbers' rows first: whatever concerns one number happens one after another.
        await uow.numbers.lock_many(numbers, self.clock.now())
        await self._outcomes(uow, [one for one in told if isinstance(one.report, ChargeReported)])
        for one in told:
            match one.report:
                case UnsubscribeRequested():
                    await self._stop(uow, one, one.report)
                case PurgeRequested(msisdn=msisdn, reason=reason):
                    await self.unsubscribe.all_of(uow, msisdn, one.cause, reason=reason)
                case NumberChanged():
                    await self._changed(uow, one, one.report)
                case SubscribeRequested():
                    raise AssertionError("orders go to the queue of new subscriptions")
                case ChargeReported():
                    pass
                case _:
                    assert_never(one.report)

    async def _outcomes(self, uow: CarrierUnitOfWork, told: Sequence[Told]) -> None:
        """Settle reported outcomes, each on the attempt it is about."""
        final = [
            (one, one.report)
            for one in told
            if isinstance(one.report, ChargeReported)
            and not isinstance(one.report.outcome, Accepted)
        ]
        if not final:
            return
        attempts = await self._by_token(uow, final)
        reference = await self.references.current()
        answers: list[NumberAnswer] = []
        for one, report in final:
            attempt_id = attempts.get((one.operator, report.token or ""))
            if attempt_id is None:
                attempt_id = await self._by_number(uow, reference, one, report)
            if attempt_id is not None:
                answers.append(
                    NumberAnswer(
                        attempt_id=attempt_id,
                        outcome=report.outcome,
                        question="notification",
                        cause=one.cause,
                    )
                )
        await self.answers.digest(uow, answers)

    async def _by_token(
        self, uow: CarrierUnitOfWork, final: Sequence[tuple[Told, ChargeReported]]
    ) -> Mapping[tuple[str, str], AttemptId]:
        by_operator: dict[str, set[str]] = defaultdict(set)
        for one, report in final:
            if report.token:
                by_operator[one.operator].add(report.token)
        return {
            (operator, token): attempt_id
            for operator, tokens in by_operator.items()
            for token, attempt_id in (await uow.charging.by_token(operator, tokens)).items()
        }

    async def _by_number(
        self, uow: CarrierUnitOfWork, reference: Reference, one: Told, report: ChargeReported
    ) -> AttemptId | None:
        """Match by number and service; put aside what fits nobody or several.

        An operator that charges by itself reports outcomes of charges we never asked for: those
        get an attempt of their own, under the operator's id of the report.
        """
        if report.msisdn is None:
            await self._aside(uow, one, "the report names neither a known charge nor a number", ())
            return None
        live = await self._live(uow, one.operator, report.msisdn)
        service = service_of(reference, one.operator, report.service_code, report.keyword)
        exact = [item for item in live if service and code_of(item) == service]
        if service is not None and not exact:
            live = []
        match choose(exact, live):
            case Unclear(why, candidates):
                if not candidates and isinstance(report.outcome, Paid):
                    late = await self._after_the_end(uow, one, report, report.outcome, service)
                    if late is not None:
                        return late
                await self._aside(uow, one, why, [item.id for item in candidates])
                return None
            case Named(subscription):
                open_ = await uow.charging.open_of([subscription.id])
                if subscription.id in open_:
                    return open_[subscription.id]
                if reference.is_managed(one.operator):
                    return await self._reported(uow, one, subscription)
                why = "the number has no charge that waits for an outcome"
                await self._aside(uow, one, why, [subscription.id])
                return None

    async def _reported(
        self, uow: CarrierUnitOfWork, one: Told, subscription: Subscription
    ) -> AttemptId | None:
        """Reserve an attempt for a charge the operator made by its own timetable."""
        locked = (await uow.subscriptions.lock_many([subscription.id]))[subscription.id]
        terms = locked.terms
        assert isinstance(terms, CarrierTerms)
        period = owed_period(locked, terms, self.clock.now())
        if period is None:
            await self._aside(uow, one, "the subscription is over", [locked.id])
            return None
        charge = NumberCharge(
            cause=one.cause,
            occasion="reported",
            subscription=locked,
            period=period,
            description=f"{terms.service_code} from {period.start:%Y-%m-%d}",
            invoice_due_at=self.clock.now() + _BOOKED_LATE,
            urgent=False,
        )
        (result,) = await uow.charging.open([charge])
        if not isinstance(result, Opened):
            await self._aside(uow, one, result.why, [locked.id])
            return None
        opened, said = lifecycle.open_charge(locked, result.invoice_id, now=self.clock.now())
        await uow.subscriptions.save_many([opened])
        uow.events.record(one.cause, said)
        return result.attempt_id

    async def _after_the_end(
        self,
        uow: CarrierUnitOfWork,
        one: Told,
        report: ChargeReported,
        paid: Paid,
        service: str | None,
    ) -> AttemptId | None:
        """Book what an operator took for a subscription that was over by then, and nothing else.

        Money is recorded whoever was right; the subscription stays closed.
        """
        reference = await self.references.current()
        if not reference.is_managed(one.operator) or report.msisdn is None:
            return None
        had = [
            item
            for item in await uow.subscriptions.of_numbers({report.msisdn}, live=False)
            if operator_of(item) == one.operator
            and service in (None, code_of(item))
            and not isinstance(item.state, Refused)
        ]
        if not had:
            return None
        latest = max(had, key=lambda item: item.created_at)
        charge = BatchCharge(
            cause=one.cause,
            occasion="reported",
            customer_id=latest.customer_id,
            operator=one.operator,
            money=paid.money,
            reference=f"reported:{code_of(latest)}:{paid.receipt.token}",
            description=f"{code_of(latest)}, charged after its end",
            invoice_due_at=self.clock.now() + _BOOKED_LATE,
        )
        (result,) = await uow.charging.open_batch([charge])
        return result.attempt_id if isinstance(result, Opened) else None

    async def _changed(self, uow: CarrierUnitOfWork, one: Told, report: NumberChanged) -> None:
        operator = (await self.references.current()).operators[one.operator]
        why = await change_number(uow, operator, report, one.cause)
        if why is not None:
            await self._aside(uow, one, why, ())

    async def _stop(self, uow: CarrierUnitOfWork, one: Told, report: UnsubscribeRequested) -> None:
        reference = await self.references.current()
        live = await self._live(uow, one.operator, report.msisdn)
        service = service_of(reference, one.operator, report.service_code, report.keyword)
        exact = [item for item in live if service and code_of(item) == service]
        if service is not None and not exact:
            return  # it is over already: a second stop changes nothing
        if not live:
            return
        match choose(exact, live):
            case Named(subscription):
                await self.unsubscribe.these(
                    uow, [subscription.id], one.cause, reason="stopped by the subscriber"
                )
            case Unclear():
                # A stop that could mean several is meant for all: nobody is charged against it.
                await self.unsubscribe.these(
                    uow,
                    [item.id for item in live],
                    one.cause,
                    reason="stopped by the subscriber",
                )

    async def _live(
        self, uow: CarrierUnitOfWork, operator: str, msisdn: Msisdn
    ) -> list[Subscription]:
        """Return what a number has with an operator; its row is locked, the cache names it."""
        payers = await uow.numbers.lock_many([msisdn], self.clock.now())
        has = await live_of(uow, self.fresh, payers)
        return [item for item in has[msisdn] if operator_of(item) == operator]

    async def _aside(
        self, uow: CarrierUnitOfWork, one: Told, why: str, candidates: Sequence[UUID]
    ) -> None:
        await uow.orders.put_aside(
            [
                Unresolved(
                    id=self.entropy.new_id(),
                    operator=one.operator,
                    event_id=story_of(one.report),
                    kind=type(one.report).__name__,
                    msisdn=next(iter(numbers_of(one.report)), None),
                    report=report_to_json(one.report),
                    why=why,
                    candidates=candidates,
                    received_at=self.clock.now(),
                )
            ]
        )
