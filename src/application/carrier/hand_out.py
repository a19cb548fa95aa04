"""Hand requests of an operator out to the foreign program that carries them out.

A charge is marked as sent, committed, before it leaves. One that was handed out and not answered
within its lease may have been carried out: it leaves again only to a program that keeps keys, for
as long as it is wanted, and marked as a repeat; everywhere else its outcome is unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from application.carrier.bridge import (
    AGAIN,
    FRESH,
    HANDED_OUT,
    BridgeRows,
    BridgeTerms,
    Handed,
    WireCharge,
    work_of,
)
from application.carrier.gateway import Misconfigured, OutcomeUnknown
from application.carrier.journal import Exchanged, Journal
from application.carrier.order_sms import SEND_SMS
from application.carrier.ports import CarrierUnitOfWork, Leaving, MissedReport, Throttle
from application.carrier.send_charges import Said, answer_message, forbidden_outcome
from application.carrier.wire import CHARGE
from application.messaging.ports import MessageStore, Setback
from application.messaging.setbacks import put_off, unknown
from application.ports import Clock, Later, Message, Metrics, UnitsOfWork
from application.queues import QueueSpec
from domain.carrier.checks import NumberList, listed
from domain.carrier.operator import Operator
from domain.shared.ids import AttemptId

_LET_FALL = "it was handed out, and its lease ended without an answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What was handed out under one lease; without messages there is nothing to answer."""

    lease: UUID
    expires_at: datetime | None
    messages: Sequence[Handed]


@dataclass(slots=True)
class _Sorted:
    """A leased batch, sorted by what becomes of each message."""

    handed: list[Handed] = field(default_factory=list)
    said: list[tuple[Message, Said]] = field(default_factory=list)
    done: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class HandOut:
    """Lease requests of one queue to a foreign program, as far as the throttle leaves room."""

    units_of_work: UnitsOfWork[CarrierUnitOfWork]
    store: MessageStore[Any]
    rows: BridgeRows[Any]
    throttle: Throttle
    journal: Journal
    clock: Clock
    metrics: Metrics

    async def __call__(
        self, operator: Operator, terms: BridgeTerms, spec: QueueSpec, lease: UUID | None = None
    ) -> Claimed:
        """Lease up to the batch limit of `spec`, for its lease; what has no work left is done.

        A claim that names its own lease may be repeated: it is answered with what it handed out
        before, for as long as that is held, because the answer may not have arrived.
        """
        if lease is not None and (before := await self._before(spec, lease)).messages:
            return before
        late = await self.store.fallen([spec.name])
        leased = await self.store.lease(spec, [id_ for one in late for id_ in one.ids], lease)
        if not leased.batch:
            return Claimed(lease=leased.token, expires_at=None, messages=())
        self.metrics.count("messages_claimed", len(leased.batch), queue=spec.name)
        room, wait = await self.throttle.take(operator, len(leased.batch))
        setbacks = [put_off(message, Later(wait)) for message in leased.batch[room:]]
        known: list[Message] = []
        for message in leased.batch[:room]:
            if message.name in (CHARGE, SEND_SMS):
                known.append(message)
            else:
                setbacks.append(unknown(message, f"no program outside knows {message.name}"))
        return await self._given(operator, terms, spec, leased.token, known, setbacks)

    async def _before(self, spec: QueueSpec, lease: UUID) -> Claimed:
        async with self.units_of_work() as uow:
            held, expires_at = await self.rows.handed_out(uow, spec.name, lease)
            work = await work_of(self.rows, uow, held)
        return Claimed(
            lease=lease,
            expires_at=expires_at,
            messages=[
                Handed(message.id, work[message.id], message.payload[HANDED_OUT] == AGAIN)
                for message in held
                if message.id in work
            ],
        )

    async def _given(
        self,
        operator: Operator,
        terms: BridgeTerms,
        spec: QueueSpec,
        lease: UUID,
        batch: Sequence[Message],
        setbacks: Sequence[Setback],
    ) -> Claimed:
        async with self.units_of_work() as uow:
            await self.store.set_back(uow, setbacks, lease)
            # Locked until the commit, so that nobody takes over what is about to be handed out.
            held = await self.rows.held(uow, spec.name, lease, [one.id for one in batch])
            batch = [message for message in batch if message.id in held]
            charges = [message for message in batch if message.name == CHARGE]
            found = await self._charges(uow, operator, terms, spec.name, lease, charges)
            texts = [message for message in batch if message.name == SEND_SMS]
            await self._texts(uow, found, texts)
            await self._recorded(uow, operator, lease, found)
            marks = {one.id: AGAIN if one.again else FRESH for one in found.handed}
            expires_at = await self.rows.hand_out(uow, lease, marks)
            await uow.commit()
        for name, count in (("HandedOut", len(found.handed)), ("Answered", len(found.said))):
            if count:
                self.metrics.count(
                    "carrier_events", count, operator=operator.code, event="claim", result=name
                )
        return Claimed(lease=lease, expires_at=expires_at, messages=found.handed)

    async def _charges(
        self,
        uow: CarrierUnitOfWork,
        operator: Operator,
        terms: BridgeTerms,
        queue: str,
        lease: UUID,
        batch: Sequence[Message],
    ) -> _Sorted:
        found = _Sorted()
        ids = {message.id: AttemptId(UUID(message.payload["attempt_id"])) for message in batch}
        leaving = {one.attempt_id: one for one in await uow.charging.leave(list(ids.values()))}
        # Only now, with the attempts locked: what another claim took is marked by its commit.
        taken = await self.rows.in_hand(uow, queue, lease)
        charges = await self.rows.charges(uow, ids.values())
        lists = await uow.numbers.lists_of({charge.msisdn for charge in charges.values()})
        for message in batch:
            attempt = leaving.get(ids[message.id])
            charge = charges.get(ids[message.id])
            if attempt is None or charge is None or charge.attempt_id in taken:
                found.done.append(message.id)
                continue
            taken.add(charge.attempt_id)
            forbidden = listed(lists.get(charge.msisdn, frozenset()))
            answer = self._answer(operator, terms, attempt, charge, forbidden)
            if isinstance(answer, Said):
                found.said.append((message, answer))
            elif answer:
                found.handed.append(Handed(message.id, charge, again=not attempt.fresh))
            else:
                found.done.append(message.id)
        return found

    def _answer(
        self,
        operator: Operator,
        terms: BridgeTerms,
        attempt: Leaving,
        charge: WireCharge,
        forbidden: NumberList | None,
    ) -> Said | bool:
        """Answer in the operator's place; otherwise tell whether the charge is handed out."""
        if attempt.fresh:
            if forbidden is not None:
                return Said(attempt, forbidden_outcome(forbidden), "check", charge.msisdn)
            if why := _misdirected(operator, terms, charge):
                return Said(attempt, Misconfigured(why), "check", charge.msisdn)
            return True
        if attempt.status == "sent":
            if terms.idempotent and forbidden is None and charge.is_wanted:
                return True
            return Said(attempt, OutcomeUnknown(_LET_FALL), "charge", charge.msisdn)
        late = self.clock.now() - attempt.since > terms.callback_timeout
        if attempt.status == "accepted" and late:
            return Said(attempt, MissedReport(), "query", charge.msisdn)
        return False

    async def _texts(
        self, uow: CarrierUnitOfWork, found: _Sorted, batch: Sequence[Message]
    ) -> None:
        """Hand out texts that are not decided yet; a text is sent at least once."""
        ids = {message.id: UUID(message.payload["sms_id"]) for message in batch}
        texts = await self.rows.texts(uow, ids.values())
        for message in batch:
            text = texts.get(ids[message.id])
            if text is None or not text.is_open:
                found.done.append(message.id)
            else:
                found.handed.append(Handed(message.id, text, again=message.attempt > 1))

    async def _recorded(
        self, uow: CarrierUnitOfWork, operator: Operator, lease: UUID, found: _Sorted
    ) -> None:
        """Settle what we answered ourselves, and remove what is not handed out."""
        ended = [*found.done, *(message.id for message, _ in found.said)]
        held = await self.store.finish(uow, lease, ended)
        said = [pair for pair in found.said if pair[0].id in held]
        uow.messages.add(
            answer_message(
                operator.code,
                one.leaving.attempt_id,
                one.question,
                one.outcome,
                message.correlation_id,
            )
            for message, one in said
        )
        self.journal.note(
            uow,
            [Exchanged.of(one.leaving, one.outcome, one.question, one.msisdn) for _, one in said],
        )


def _misdirected(operator: Operator, terms: BridgeTerms, charge: WireCharge) -> str | None:
    """Say what is wrong with a charge before anybody outside sees it."""
    if not operator.serves(charge.msisdn):
        return "the number is another operator's"
    if charge.money.currency != operator.currency:
        return f"the operator charges in {operator.currency.code}"
    if terms.tariffs_minor is not None and charge.money.amount_minor not in terms.tariffs_minor:
        return "the operator has no tariff of that amount"
    return None
