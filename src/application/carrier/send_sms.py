"""Send texts, and write down what operators said of them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, assert_never
from uuid import UUID

from application.carrier.gateway import (
    NotSent,
    OperatorReceipt,
    OutcomeUnknown,
    SmsOutcome,
    SmsRejected,
    SmsRequest,
    SmsSent,
)
from application.carrier.journal import MOST_CHARACTERS, Exchanged, Journal
from application.carrier.order_sms import SmsRow
from application.carrier.ports import Operators, References, Throttle
from application.ports import (
    Clock,
    Done,
    Failed,
    Later,
    Message,
    NewMessage,
    U_contra,
    UnitOfWork,
    UnitsOfWork,
)
from domain.shared.msisdn import Msisdn

SMS_ANSWER = "carrier.sms_answer.v1"
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class SmsAnswer:
    """What became of a text: `sent`, `failed` or `unknown`."""

    row: SmsRow
    status: str
    token: str | None
    error: str | None
    receipt: OperatorReceipt | None


class SmsOutbox(Protocol[U_contra]):
    """The rows of texts as the sender needs them."""

    async def queued(self, uow: U_contra, ids: Sequence[UUID]) -> Mapping[UUID, SmsRow]:
        """Load those that are not decided yet; without locks."""
        ...

    async def decide(
        self, uow: U_contra, answers: Sequence[tuple[UUID, str, str | None, str | None]]
    ) -> None:
        """Write (id, status, token, error) to those that are not decided yet.

        The text of a sent content link is wiped: its token opens something.
        """
        ...


@dataclass(frozen=True, slots=True)
class SendSms:
    """Handle `carrier.sms.v1` of `{operator}_sms_requests`: `{sms_id}` each.

    A text is sent at least once: a process that dies between call and record sends it again, under
    the same id. One whose outcome is unknown is not sent again.
    """

    units_of_work: UnitsOfWork[UnitOfWork]
    box: SmsOutbox[Any]
    references: References
    operators: Operators
    throttle: Throttle
    journal: Journal
    clock: Clock

    async def call(self, batch: Sequence[Message]) -> Sequence[SmsAnswer | Done | Failed | Later]:
        """Send what is not decided; what the throttle leaves no room for comes later."""
        ids = [UUID(message.payload["sms_id"]) for message in batch]
        async with self.units_of_work() as uow:
            rows = await self.box.queued(uow, ids)
        if not rows:
            return [Done() for _ in batch]
        reference = await self.references.current()
        code = batch[0].queue.removesuffix("_sms_requests")
        room, wait = await self.throttle.take(reference.operators[code], len(rows))
        chosen = list(dict.fromkeys(key for key in ids if key in rows))[:room]
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(key: UUID) -> tuple[UUID, SmsAnswer | Failed]:
            async with gate:
                return key, await self._one(rows[key])

        answers = dict(await asyncio.gather(*(one(key) for key in chosen)))
        return [Done() if key not in rows else answers.get(key, Later(wait)) for key in ids]

    async def record(self, uow: UnitOfWork, batch: Sequence[tuple[Message, SmsAnswer]]) -> None:
        """Hand the answers on, and the bodies to the operator log."""
        uow.messages.add(
            sms_answer_message(
                said.row.operator,
                said.row.id,
                said.status,
                said.token,
                said.error,
                message.correlation_id,
            )
            for message, said in batch
        )
        self.journal.note(uow, [_line(said) for _, said in batch])

    async def _one(self, row: SmsRow) -> SmsAnswer | Failed:
        request = SmsRequest(
            id=str(row.id),
            msisdn=Msisdn(row.msisdn),
            text=row.body,
            service_code=row.service_code,
        )
        answer: SmsOutcome
        try:
            gateway = await self.operators.get(row.operator)
            answer = await gateway.send_sms(request)
        except Exception as error:  # a plugin's exception is an unknown outcome
            answer = OutcomeUnknown(f"the adapter failed: {type(error).__name__}")
        match answer:
            case SmsSent(receipt):
                return SmsAnswer(row, "sent", receipt.token, None, receipt)
            case SmsRejected(receipt, why):
                return SmsAnswer(row, "failed", receipt.token, why[:500], receipt)
            case OutcomeUnknown(why, maybe):
                return SmsAnswer(row, "unknown", None, why[:500], maybe)
            case NotSent(why, retry_after):
                return Failed(why, retry_after_seconds=retry_after)
            case _:
                assert_never(answer)


@dataclass(frozen=True, slots=True)
class RecordSms:
    """Handle `carrier.sms_answer.v1` of `{operator}_sms_responses`."""

    box: SmsOutbox[Any]

    async def __call__(self, uow: UnitOfWork, batch: Sequence[Message]) -> None:
        """Write the answers down; a repeat changes nothing."""
        await self.box.decide(
            uow,
            [
                (
                    UUID(message.payload["sms_id"]),
                    message.payload["status"],
                    message.payload["token"],
                    message.payload["error"],
                )
                for message in batch
            ],
        )


def sms_answer_message(
    operator: str,
    sms_id: UUID,
    status: str,
    token: str | None,
    error: str | None,
    correlation_id: UUID | None,
) -> NewMessage:
    """Build the message that decides a text, whoever brought the answer."""
    return NewMessage(
        queue=f"{operator}_sms_responses",
        name=SMS_ANSWER,
        payload={"sms_id": str(sms_id), "status": status, "token": token, "error": error},
        correlation_id=correlation_id,
    )


def _line(said: SmsAnswer) -> Exchanged:
    receipt = said.receipt or OperatorReceipt(token="", code="")
    return Exchanged(
        operator=said.row.operator,
        kind="sms",
        msisdn=Msisdn(said.row.msisdn),
        token=receipt.token,
        code=receipt.code,
        decision=said.status,
        request=receipt.raw_request[:MOST_CHARACTERS],
        response=receipt.raw_response[:MOST_CHARACTERS],
        http_status=receipt.http_status,
        subscription_id=str(said.row.subscription_id),
    )
