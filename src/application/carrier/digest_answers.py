"""Draw the conclusions of operators' answers: money first, then what follows for the number.

Every answer comes through here, whoever brought it: the worker that asked, a notification, a
foreign program, a person. The same answer brought twice moves nothing the second time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from application.carrier.aftermath import Aftermath, Ended
from application.carrier.gateway import Blacklisted, Postpaid
from application.carrier.ports import CarrierUnitOfWork, NumberAnswer, Settled
from application.carrier.wire import outcome_from_json
from application.ports import Message, Metrics
from domain.carrier.checks import NumberList
from domain.carrier.events import NumberListed
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, SubscriptionId
from domain.subscriptions.model import Refused, Subscription

# Batches a person ordered take money and move nothing.
_TRANSACTION_ONLY = frozenset({"injection", "expired"})
_LIST_OF = {Postpaid: NumberList.POSTPAID, Blacklisted: NumberList.BLACKLISTED}


@dataclass(frozen=True, slots=True)
class DigestAnswers:
    """Handle `carrier.operator_answer.v1` of `{operator}_responses`."""

    aftermath: Aftermath
    metrics: Metrics

    async def __call__(self, uow: CarrierUnitOfWork, batch: Sequence[Message]) -> None:
        """Settle a batch of answers; never commits."""
        await self.digest(uow, [_answer(message) for message in batch])

    async def digest(self, uow: CarrierUnitOfWork, answers: Sequence[NumberAnswer]) -> None:
        """Settle answers inside the caller's transaction, and everything that follows."""
        if not answers:
            return
        settled = await uow.charging.settle(answers)
        by_attempt = {answer.attempt_id: answer for answer in answers}
        moved = [one for one in settled if one.moved]
        for one in moved:
            self.metrics.count(
                "carrier_events", operator=one.operator, event=one.occasion, result=one.status
            )
        ids = [one.subscription_id for one in moved if one.subscription_id]
        found = dict(await uow.subscriptions.lock_many(ids)) if ids else {}
        forbidden = await self._forbid(uow, moved, by_attempt, found)
        ordinary = [
            Ended(one, found[one.subscription_id], by_attempt[one.attempt_id].cause)
            for one in moved
            if one.subscription_id in found
            and one.occasion not in _TRANSACTION_ONLY
            and one.attempt_id not in forbidden
        ]
        await self.aftermath(uow, ordinary)

    async def _forbid(
        self,
        uow: CarrierUnitOfWork,
        moved: Sequence[Settled],
        answers: Mapping[AttemptId, NumberAnswer],
        found: dict[SubscriptionId, Subscription],
    ) -> set[AttemptId]:
        """List numbers the operator never bills, and end what they have of ours."""
        forbidden: set[AttemptId] = set()
        for one in moved:
            answer = answers[one.attempt_id]
            name = _LIST_OF.get(type(answer.outcome))
            if name is None:
                continue
            forbidden.add(one.attempt_id)
            numbers = await uow.numbers.of_customers([one.customer_id])
            new = await uow.numbers.put_on_list(
                name,
                list(numbers.values()),
                reason="the operator said so",
                actor=answer.cause.actor,
            )
            if new:
                uow.events.record(
                    answer.cause,
                    [NumberListed(customer_id=one.customer_id, list=name.value, reason="operator")],
                )
            ended = found.get(one.subscription_id) if one.subscription_id else None
            if ended is not None and isinstance(ended.state, Refused):
                await self.aftermath.gone(uow, answer.cause, [ended], reason=name.value)
        return forbidden


def _answer(message: Message) -> NumberAnswer:
    payload = message.payload
    operator = message.queue.removesuffix("_responses")
    return NumberAnswer(
        attempt_id=AttemptId(UUID(payload["attempt_id"])),
        outcome=outcome_from_json(payload["outcome"]),
        question=payload["question"],
        cause=Cause(
            actor=f"gateway:{operator}",
            reason=f"answer to {payload['question']}",
            correlation_id=message.correlation_id or UUID(int=message.id),
        ),
    )
