"""Take what a foreign program says of requests it leased: answers, failures, more time.

Everything is fenced: what is no longer held under the lease changes nothing, because somebody has
drawn his conclusions from the silence already. Such an answer goes to the queue of responses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from application.carrier.bridge import (
    AGAIN,
    HANDED_OUT,
    BridgeRows,
    BridgeTerms,
    WireCharge,
    WireRecord,
    WireText,
    key_of,
    outcome_of,
    work_of,
)
from application.carrier.gateway import OutcomeUnknown
from application.carrier.journal import MOST_CHARACTERS, Exchanged, Journal
from application.carrier.ports import CarrierUnitOfWork
from application.carrier.send_charges import answer_message
from application.carrier.send_sms import sms_answer_message
from application.carrier.wire import CHARGE
from application.messaging.ports import MessageStore, Setback
from application.messaging.setbacks import after_failure, tell
from application.ports import Entropy, Failed, Message, Metrics, NewMessage, UnitsOfWork
from application.queues import QueueSpec
from domain.carrier.operator import Operator
from domain.shared.errors import InvalidValue
from domain.shared.ids import AttemptId

RESPONSE = "operator_response"
_TOO_LATE = "it is not held under this lease any more"


class Fate(Enum):
    """What became of one thing a program said: it counts, was known, came too late, is refused."""

    TAKEN = "taken"
    KNOWN = "known"
    STALE = "stale"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of what was said under one id; `why` where it did not count."""

    id: int | str
    fate: Fate
    why: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """The program carried a message out; `record` says with what result."""

    id: int
    event_name: str
    record: WireRecord


@dataclass(frozen=True, slots=True)
class FailedOutside:
    """The program did not carry a message out.

    `sent` is false where certainly nothing was executed, and true where that is not certain.
    """

    id: int
    error: str
    sent: bool
    delay_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """The queue that is spoken of, and whose it is."""

    operator: Operator
    terms: BridgeTerms
    spec: QueueSpec


@dataclass(frozen=True, slots=True)
class _Ending:
    """What a message leaves behind: an answer to be digested, and a line of the operator log."""

    messages: Sequence[NewMessage] = ()
    lines: Sequence[Exchanged] = ()


_End = Callable[[Message, WireCharge | WireText | None], _Ending]


@dataclass(frozen=True, slots=True)
class AnswerRequests:
    """Record answers and failures under the lease, one result each, in one transaction."""

    units_of_work: UnitsOfWork[CarrierUnitOfWork]
    store: MessageStore[Any]
    rows: BridgeRows[Any]
    journal: Journal
    entropy: Entropy
    metrics: Metrics

    async def ack(
        self, counter: Counter, lease: UUID, answers: Sequence[Answered]
    ) -> Sequence[Result]:
        """Record how requests ended, and remove them."""
        by_id = {answer.id: answer for answer in answers}

        def end(message: Message, work: WireCharge | WireText | None) -> _Ending:
            return self._answered(counter, message, work, by_id[message.id])

        async with self.units_of_work() as uow:
            held = await self.rows.held(uow, counter.spec.name, lease, list(by_id))
            results = await self._ended(uow, lease, held, end)
            await uow.commit()
        return _in_order(list(by_id), results)

    async def fail(
        self, counter: Counter, lease: UUID, failures: Sequence[FailedOutside]
    ) -> Sequence[Result]:
        """Put back what was certainly not executed; lose sight of what may have been."""
        by_id = {failure.id: failure for failure in failures}

        def end(message: Message, work: WireCharge | WireText | None) -> _Ending:
            return _lost(message, work, by_id[message.id].error)

        async with self.units_of_work() as uow:
            held = await self.rows.held(uow, counter.spec.name, lease, list(by_id))
            unclear = {id_: message for id_, message in held.items() if by_id[id_].sent}
            results = await self._ended(uow, lease, unclear, end)
            unsent = [message for id_, message in held.items() if not by_id[id_].sent]
            setbacks = await self._put_back(uow, counter.spec, lease, unsent, by_id)
            await uow.commit()
        tell(self.metrics, counter.spec, setbacks)
        back = {one.message.id: Result(one.message.id, Fate.TAKEN) for one in setbacks}
        return _in_order(list(by_id), {**results, **back})

    async def renew(
        self, counter: Counter, lease: UUID, ids: Sequence[int], seconds: float
    ) -> tuple[Sequence[Result], datetime | None]:
        """Give more time for what is still held, and say until when."""
        async with self.units_of_work() as uow:
            held = await self.rows.renew(uow, counter.spec.name, lease, ids, seconds)
            await uow.commit()
        results = {id_: Result(id_, Fate.TAKEN) for id_ in held}
        return _in_order(ids, results), min(held.values(), default=None)

    async def _ended(
        self, uow: CarrierUnitOfWork, lease: UUID, held: Mapping[int, Message], end: _End
    ) -> Mapping[int, Result]:
        """Write down what messages came to, and remove them; what makes no sense stays leased."""
        work = await work_of(self.rows, uow, list(held.values()))
        results: dict[int, Result] = {}
        endings: dict[int, _Ending] = {}
        for id_, message in held.items():
            try:
                endings[id_] = end(message, work.get(id_))
            except InvalidValue as error:
                results[id_] = Result(id_, Fate.REFUSED, str(error))
            else:
                results[id_] = Result(id_, Fate.TAKEN)
        await self.store.finish(uow, lease, list(endings))
        uow.messages.add(message for one in endings.values() for message in one.messages)
        self.journal.note(uow, [line for one in endings.values() for line in one.lines])
        return results

    def _answered(
        self,
        counter: Counter,
        message: Message,
        work: WireCharge | WireText | None,
        answer: Answered,
    ) -> _Ending:
        record = answer.record
        if work is None:
            raise InvalidValue("nothing is known of what this message is about")
        if record.msisdn is not None and record.msisdn != work.msisdn:
            raise InvalidValue("the answer is about another number")
        if isinstance(work, WireText):
            status = "failed" if record.error else "sent"
            told = sms_answer_message(
                work.operator,
                work.sms_id,
                status,
                record.token or None,
                record.error or None,
                message.correlation_id,
            )
            return _Ending([told], [_line(work, status, record)])
        if answer.event_name != RESPONSE:
            raise InvalidValue(f"a charge is answered by {RESPONSE}")
        outcome = outcome_of(record, counter.terms, counter.operator.currency, asked=work.money)
        result = type(outcome).__name__
        self.metrics.count("carrier_events", operator=work.operator, event="charge", result=result)
        told = answer_message(
            work.operator, work.attempt_id, "charge", outcome, message.correlation_id
        )
        return _Ending([told], [_line(work, result, record)])

    async def _put_back(
        self,
        uow: CarrierUnitOfWork,
        spec: QueueSpec,
        lease: UUID,
        unsent: Sequence[Message],
        failures: Mapping[int, FailedOutside],
    ) -> Sequence[Setback]:
        """Let them be handed out again later; a charge is as if it had never left.

        One that was handed out before may have been executed then: it stays sent, whatever became
        of this delivery.
        """
        await uow.charging.take_back(
            [
                AttemptId(key_of(message))
                for message in unsent
                if message.name == CHARGE and message.payload.get(HANDED_OUT) != AGAIN
            ]
        )
        setbacks = [
            after_failure(
                spec,
                message,
                Failed(
                    failures[message.id].error,
                    retry_after_seconds=failures[message.id].delay_seconds,
                ),
                self.entropy,
            )
            for message in unsent
        ]
        await self.store.set_back(uow, setbacks, lease)
        return setbacks


def _lost(message: Message, work: WireCharge | WireText | None, error: str) -> _Ending:
    """Write down that a request may have been carried out."""
    if work is None:
        raise InvalidValue("nothing is known of what this message is about")
    if isinstance(work, WireText):
        told = sms_answer_message(
            work.operator, work.sms_id, "unknown", None, error, message.correlation_id
        )
    else:
        told = answer_message(
            work.operator,
            work.attempt_id,
            "charge",
            OutcomeUnknown(error),
            message.correlation_id,
        )
    return _Ending([told], [_line(work, "OutcomeUnknown", None)])


def _line(work: WireCharge | WireText, decision: str, record: WireRecord | None) -> Exchanged:
    charge = work if isinstance(work, WireCharge) else None
    return Exchanged(
        operator=work.operator,
        kind="charge" if charge else "sms",
        msisdn=work.msisdn,
        token=record.token if record else "",
        code=record.error if record else "",
        decision=decision,
        response=record.raw[:MOST_CHARACTERS] if record else "",
        attempt_id=str(charge.attempt_id) if charge else None,
        subscription_id=str(work.subscription_id) if work.subscription_id else None,
    )


def _in_order(ids: Sequence[int], results: Mapping[int, Result]) -> Sequence[Result]:
    return [results.get(id_, Result(id_, Fate.STALE, _TOO_LATE)) for id_ in ids]
