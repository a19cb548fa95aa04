"""Ask operators: charge what is reserved, query what is open.

What is asked follows from the attempt's state alone, so a message that comes twice, late or after
a crash asks the right thing. An operator without keys is never sent a second request for one
attempt: only the very call that marked it as sent may charge.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from application.carrier.gateway import (
    Blacklisted,
    ChargeRequest,
    NotSent,
    OperatorGateway,
    OperatorReceipt,
    OutcomeUnknown,
    Postpaid,
    Unreachable,
)
from application.carrier.journal import Exchanged, Journal
from application.carrier.ports import (
    CarrierUnitOfWork,
    Leaving,
    MissedReport,
    NumberOutcome,
    Operators,
    Payload,
    Reference,
    References,
    Throttle,
)
from application.carrier.wire import ANSWER, outcome_to_json
from application.ports import (
    Clock,
    Done,
    Failed,
    Later,
    Message,
    Metrics,
    NewMessage,
    UnitsOfWork,
)
from domain.carrier.checks import NumberList, listed
from domain.shared.ids import AttemptId
from domain.shared.msisdn import Msisdn

_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Said:
    """What an operator said of an attempt, ready to be written down."""

    leaving: Leaving
    outcome: NumberOutcome
    question: str
    msisdn: Msisdn


@dataclass(frozen=True, slots=True)
class SendCharges:
    """Handle `carrier.charge_attempt.v1` of `{operator}_requests`: `{attempt_id}` each."""

    units_of_work: UnitsOfWork[CarrierUnitOfWork]
    references: References
    operators: Operators
    throttle: Throttle
    journal: Journal
    clock: Clock
    metrics: Metrics
    monotonic: Callable[[], float]

    async def call(self, batch: Sequence[Message]) -> Sequence[Said | Done | Failed | Later]:
        """Answer once per message; what the throttle leaves no room for comes later."""
        ids = [AttemptId(UUID(message.payload["attempt_id"])) for message in batch]
        reference = await self.references.current()
        operator = reference.operators[batch[0].queue.removesuffix("_requests")]
        room, wait = await self.throttle.take(operator, len(set(ids)))
        asked = list(dict.fromkeys(ids))[:room]
        said = await self._ask(reference, asked)
        return [
            _reply(said.get(attempt_id)) if attempt_id in asked else Later(wait)
            for attempt_id in ids
        ]

    async def record(self, uow: CarrierUnitOfWork, batch: Sequence[tuple[Message, Said]]) -> None:
        """Hand the answers on to be settled, and the bodies to the operator log."""
        uow.messages.add(
            answer_message(
                said.leaving.operator,
                said.leaving.attempt_id,
                said.question,
                said.outcome,
                message.correlation_id,
            )
            for message, said in batch
        )
        self.journal.note(
            uow,
            [
                Exchanged.of(said.leaving, said.outcome, said.question, said.msisdn)
                for _, said in batch
            ],
        )

    async def _ask(
        self, reference: Reference, ids: Sequence[AttemptId]
    ) -> Mapping[AttemptId, Said | None]:
        async with self.units_of_work() as uow:
            leaving = await uow.charging.leave(ids)
            payers = {one.customer_id for one in leaving}
            numbers = await uow.numbers.of_customers(payers)
            lists = await uow.numbers.lists_of(set(numbers.values()))
            codes = await uow.charging.services_of([one.attempt_id for one in leaving])
            await uow.commit()
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(attempt: Leaving) -> tuple[AttemptId, Said | None]:
            msisdn = numbers[attempt.customer_id]
            forbidden = listed(lists.get(msisdn, frozenset()))
            async with gate:
                said = await self._one(
                    reference, attempt, msisdn, codes.get(attempt.attempt_id, ""), forbidden
                )
            return attempt.attempt_id, said

        answers = dict(await asyncio.gather(*(one(attempt) for attempt in leaving)))
        fresh = {attempt.attempt_id for attempt in leaving if attempt.fresh}
        unheard = [
            attempt_id
            for attempt_id, said in answers.items()
            if attempt_id in fresh and said is not None and isinstance(said.outcome, NotSent)
        ]
        if unheard:
            async with self.units_of_work() as uow:
                await uow.charging.take_back(unheard)
                await uow.commit()
        return answers

    async def _one(
        self,
        reference: Reference,
        attempt: Leaving,
        msisdn: Msisdn,
        service_code: str,
        forbidden: NumberList | None,
    ) -> Said | None:
        if attempt.fresh and forbidden is not None:
            return Said(attempt, forbidden_outcome(forbidden), "check", msisdn)
        question = "charge" if attempt.fresh else "query"
        try:
            gateway = await self.operators.get(attempt.operator)
            if not attempt.fresh:
                asked = await self._query(gateway, attempt, msisdn)
                return Said(attempt, asked, question, msisdn) if asked else None
            began = self.monotonic()
            answer = await gateway.charge(_request(reference, attempt, msisdn, service_code))
        except Exception as error:  # a plugin's exception is an unknown outcome, never a failure
            answer = OutcomeUnknown(f"the adapter failed: {type(error).__name__}")
        else:
            seconds = self.monotonic() - began
            self.metrics.observe("carrier_charge", seconds, operator=attempt.operator)
        result = type(answer).__name__
        self.metrics.count(
            "carrier_events", operator=attempt.operator, event="charge", result=result
        )
        return Said(attempt, answer, question, msisdn)

    async def _query(
        self, gateway: OperatorGateway, attempt: Leaving, msisdn: Msisdn
    ) -> NumberOutcome | None:
        """Ask how an open attempt stands; where nobody can be asked, only time tells."""
        capabilities = gateway.capabilities
        if attempt.status == "sent" and not capabilities.query:
            # The process that called died before it could tell: it may have been heard.
            return OutcomeUnknown("the call was interrupted")
        if capabilities.query:
            return await gateway.query(attempt.external_id or token_of(attempt.attempt_id), msisdn)
        late = self.clock.now() - attempt.since > capabilities.callback_timeout
        return MissedReport() if attempt.status == "accepted" and late else None


def forbidden_outcome(name: NumberList) -> Blacklisted | Postpaid:
    """Answer in the operator's place for a number on a list: it is never asked to charge it."""
    receipt = OperatorReceipt(token="", code=f"listed:{name.value}")
    return Blacklisted(receipt) if name is NumberList.BLACKLISTED else Postpaid(receipt)


def token_of(attempt_id: AttemptId) -> str:
    """Return what the operator is told: the attempt's own id, which exists before the call."""
    return str(attempt_id)


def _request(
    reference: Reference, attempt: Leaving, msisdn: Msisdn, service_code: str
) -> ChargeRequest:
    keyword = next(
        (
            campaign.keyword
            for campaign in reference.campaigns.values()
            if campaign.operator == attempt.operator
            and campaign.keyword
            and (offer := reference.by_service_id.get(campaign.service_id)) is not None
            and offer.service.code == service_code
        ),
        "",
    )
    return ChargeRequest(
        attempt_id=str(attempt.attempt_id),
        token=token_of(attempt.attempt_id),
        msisdn=msisdn,
        money=attempt.money,
        service_code=service_code,
        keyword=keyword,
        description=attempt.description,
        created_at=attempt.created_at,
    )


def _reply(said: Said | None) -> Said | Done | Failed:
    if said is None:
        return Done()
    match said.outcome:
        case NotSent(why, retry_after):
            return Failed(why, retry_after_seconds=retry_after)
        case Unreachable(why):
            return Failed(why)
        case _:
            return said


def answer_message(
    operator: str,
    attempt_id: AttemptId,
    question: str,
    outcome: NumberOutcome,
    correlation_id: UUID | None,
) -> NewMessage:
    """Build the message that settles an answer, whoever brought it."""
    payload: Payload = {
        "attempt_id": str(attempt_id),
        "question": question,
        "outcome": outcome_to_json(outcome),
    }
    return NewMessage(
        queue=f"{operator}_responses", name=ANSWER, payload=payload, correlation_id=correlation_id
    )
