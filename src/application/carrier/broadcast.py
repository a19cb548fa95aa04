"""Give operators that charge by themselves the text of the day, once a service and day.

They charge their subscribers for what they were given to send: a day without a text is a day
without income, and a text that is sent twice is charged twice. So the row of a day is made before
anything leaves, and one whose outcome nobody knows is sent again only by a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Protocol, assert_never
from uuid import UUID

from application.carrier.gateway import (
    BroadcastOutcome,
    BroadcastRejected,
    BroadcastRequest,
    BroadcastTaken,
    NotSent,
    OperatorReceipt,
    OutcomeUnknown,
)
from application.carrier.journal import MOST_CHARACTERS, Exchanged, Journal
from application.carrier.ports import CarrierUnitOfWork, Offer, Operators, References
from application.errors import Conflict, NotFound
from application.jobs import JobOrder, JobReport
from application.ports import (
    Done,
    Failed,
    Later,
    Message,
    Metrics,
    NewMessage,
    U_contra,
    UnitsOfWork,
)
from domain.carrier.operator import Operator
from domain.shared.errors import InvalidValue
from domain.shared.facts import Cause

BROADCAST = "carrier.broadcast.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastRow:
    """The text of a day; `status` is planned, queued, sent, taken, rejected or unknown.

    `sent` means that the call began and its end was not written down.
    """

    service_id: UUID
    operator: str
    service_code: str
    day: date
    body: str
    status: str

    @property
    def key(self) -> tuple[UUID, date]:
        """What makes it one."""
        return self.service_id, self.day


class Broadcasts(Protocol[U_contra]):
    """The rows of the days' texts."""

    async def order(
        self, uow: U_contra, day: date, texts: Mapping[UUID, str], now: datetime
    ) -> Sequence[UUID]:
        """Queue a day's texts, planned ones as they were planned; return the services whose text
        was not queued before. An empty text queues only what was planned."""
        ...

    async def plan(self, uow: U_contra, service_id: UUID, day: date, text: str) -> bool:
        """Write the text of a day; False when that day's text is on its way or was sent."""
        ...

    async def leave(
        self, uow: U_contra, keys: Sequence[tuple[UUID, date]]
    ) -> Mapping[tuple[UUID, date], BroadcastRow]:
        """Return those on their way as they were, and mark queued ones as sent."""
        ...

    async def decide(
        self, uow: U_contra, key: tuple[UUID, date], status: str, token: str, error: str | None
    ) -> None:
        """Write the end of one that was sent."""
        ...

    async def again(self, uow: U_contra, key: tuple[UUID, date]) -> BroadcastRow | None:
        """Queue one that was rejected or is unknown; None when it is neither."""
        ...


@dataclass(frozen=True, slots=True)
class OrderBroadcasts:
    """The job `broadcasts`: order the texts of the day where its hour has come."""

    units_of_work: UnitsOfWork[CarrierUnitOfWork]
    references: References
    operators: Operators
    broadcasts: Broadcasts[Any]
    name: ClassVar[str] = "broadcasts"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Go through the operators that charge by themselves and take texts."""
        report = JobReport()
        reference = await self.references.current()
        for code in sorted(reference.managed):
            operator = reference.operators[code]
            if not operator.is_active:
                continue
            try:
                gateway = await self.operators.get(code)
            except Exception as error:  # the boundary of an operator: others go on
                report.fail(f"{code}: {error}")
                continue
            if gateway.capabilities.broadcast:
                offers = [one for key, one in reference.offers.items() if key[0] == code]
                await self._operator(order, operator, offers, report)
        return report

    async def _operator(
        self, order: JobOrder, operator: Operator, offers: Sequence[Offer], report: JobReport
    ) -> None:
        local = order.now.astimezone(operator.zone)
        minute = local.hour * 60 + local.minute
        due = {
            offer.service.id: offer.service
            for offer in offers
            if offer.service.is_active and offer.service.policy.broadcast_at <= minute
        }
        if not due:
            return
        if order.dry_run:
            report.add("would_look_at", len(due))
            return
        texts = {key: service.texts.of_the_day for key, service in due.items()}
        async with self.units_of_work() as uow:
            new = await self.broadcasts.order(uow, local.date(), texts, order.now)
            uow.messages.add(
                _message(operator.code, key, local.date(), order.cause.correlation_id)
                for key in new
            )
            await uow.commit()
        if new:
            report.add("ordered", len(new))


@dataclass(frozen=True, slots=True)
class SentBroadcast:
    """What an operator said to a text."""

    row: BroadcastRow
    outcome: BroadcastTaken | BroadcastRejected | OutcomeUnknown


@dataclass(frozen=True, slots=True)
class SendBroadcasts:
    """Handle `carrier.broadcast.v1` of `{operator}_requests`: `{service_id, day}` each."""

    units_of_work: UnitsOfWork[CarrierUnitOfWork]
    operators: Operators
    broadcasts: Broadcasts[Any]
    journal: Journal
    metrics: Metrics

    async def call(
        self, batch: Sequence[Message]
    ) -> Sequence[SentBroadcast | Done | Failed | Later]:
        """Hand texts over one by one; there are as many as services, once a day."""
        keys = [_key(message) for message in batch]
        async with self.units_of_work() as uow:
            rows = await self.broadcasts.leave(uow, list(dict.fromkeys(keys)))
            await uow.commit()
        answers: dict[tuple[UUID, date], SentBroadcast | Failed] = {}
        for key, row in rows.items():
            answers[key] = await self._one(row)
        return [answers.get(key, Done()) for key in keys]

    async def record(
        self, uow: CarrierUnitOfWork, batch: Sequence[tuple[Message, SentBroadcast]]
    ) -> None:
        """Write down what became of the texts, and the bodies to the operator log."""
        for _, said in batch:
            status, token, error = _end(said.outcome)
            await self.broadcasts.decide(uow, said.row.key, status, token, error)
            self.metrics.count(
                "carrier_events", operator=said.row.operator, event="broadcast", result=status
            )
        self.journal.note(uow, [_line(said) for _, said in batch])

    async def _one(self, row: BroadcastRow) -> SentBroadcast | Failed:
        if row.status == "sent":
            return SentBroadcast(row, OutcomeUnknown("the process that sent it did not come back"))
        request = BroadcastRequest(service_code=row.service_code, day=row.day, text=row.body)
        outcome: BroadcastOutcome
        try:
            gateway = await self.operators.get(row.operator)
            outcome = await gateway.broadcast(request)
        except Exception as error:  # a plugin's exception is an unknown outcome
            outcome = OutcomeUnknown(f"the adapter failed: {type(error).__name__}")
        match outcome:
            case NotSent(why, retry_after):
                async with self.units_of_work() as uow:
                    await self.broadcasts.decide(uow, row.key, "queued", "", why)
                    await uow.commit()
                return Failed(why, retry_after_seconds=retry_after)
            case BroadcastTaken() | BroadcastRejected() | OutcomeUnknown():
                return SentBroadcast(row, outcome)
            case _:
                assert_never(outcome)


@dataclass(frozen=True, slots=True)
class PlanBroadcasts:
    """People write a day's text, and decide on one that went wrong."""

    references: References
    broadcasts: Broadcasts[Any]

    async def plan(
        self, uow: CarrierUnitOfWork, operator: str, service_code: str, day: date, text: str
    ) -> None:
        """Write the text of a day; raise NotFound, InvalidValue and Conflict."""
        service_id = await self._service(operator, service_code)
        if not text.strip():
            raise InvalidValue("a text of the day is not empty")
        if not await self.broadcasts.plan(uow, service_id, day, text):
            raise Conflict(f"the text of {day} is on its way already")

    async def again(
        self, uow: CarrierUnitOfWork, operator: str, service_code: str, day: date, cause: Cause
    ) -> None:
        """Send a text once more that was rejected, or of which nobody knows."""
        service_id = await self._service(operator, service_code)
        row = await self.broadcasts.again(uow, (service_id, day))
        if row is None:
            raise Conflict(f"no text of {day} was rejected or got lost")
        uow.messages.add([_message(operator, service_id, day, cause.correlation_id)])

    async def _service(self, operator: str, code: str) -> UUID:
        reference = await self.references.current()
        offer = reference.offer_of(operator, code)
        if offer is None:
            raise NotFound("service", f"{operator}/{code}")
        if not reference.is_managed(operator):
            raise InvalidValue(f"{operator} charges when it is asked to: it takes no texts of days")
        return offer.service.id


def _message(operator: str, service_id: UUID, day: date, story: UUID) -> NewMessage:
    return NewMessage(
        queue=f"{operator}_requests",
        name=BROADCAST,
        payload={"service_id": str(service_id), "day": day.isoformat()},
        priority=1,
        correlation_id=story,
    )


def _key(message: Message) -> tuple[UUID, date]:
    return UUID(message.payload["service_id"]), date.fromisoformat(message.payload["day"])


def _end(
    outcome: BroadcastTaken | BroadcastRejected | OutcomeUnknown,
) -> tuple[str, str, str | None]:
    match outcome:
        case BroadcastTaken(receipt):
            return "taken", receipt.token, None
        case BroadcastRejected(receipt, why):
            return "rejected", receipt.token, why[:500]
        case OutcomeUnknown(why):
            return "unknown", "", why[:500]
        case _:
            assert_never(outcome)


def _line(said: SentBroadcast) -> Exchanged:
    receipt = said.outcome.receipt or OperatorReceipt(token="", code="")
    return Exchanged(
        operator=said.row.operator,
        kind="mt",
        msisdn=None,
        token=receipt.token,
        code=receipt.code,
        decision=type(said.outcome).__name__,
        request=receipt.raw_request[:MOST_CHARACTERS],
        response=receipt.raw_response[:MOST_CHARACTERS],
        http_status=receipt.http_status,
    )
