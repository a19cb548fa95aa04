"""Queues that programs outside work on: their operator's requests go out, their answers come in.

A program's token is bound to one operator by its subject; queues of others do not exist for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from adapters.operators.bridge import terms_of
from adapters.postgres.bridge import PostgresBridge
from adapters.postgres.carrier_doors import PostgresInbox
from adapters.wire.record import charge_record, read_record, text_record
from application.carrier.answer_requests import (
    Answered,
    AnswerRequests,
    Counter,
    FailedOutside,
    Fate,
    Result,
)
from application.carrier.bridge import Handed, WireCharge, foreign_queues
from application.carrier.hand_out import Claimed, HandOut
from application.carrier.journal import LateJournal
from application.carrier.take_deliveries import Delivered, TakeDeliveries
from application.errors import NotFound, Unavailable
from application.queues import operator_queues
from domain.shared.errors import InvalidValue
from entrypoints.api.answers import queues as answers
from entrypoints.api.contract import serves
from entrypoints.api.doors import caller_of
from entrypoints.api.shapes_queues import Answers, Deliveries, Failures, NewClaim, NewRenewal
from entrypoints.api.waiting import at_last
from entrypoints.container import Container

Http = Request[Any, Any, Any]
_REQUESTS = frozenset({"requests", "sms_requests"})
_RESPONSES = frozenset({"responses", "sms_responses", "new_subscriptions"})
_STATUS = {
    Fate.TAKEN: HTTPStatus.OK,
    Fate.KNOWN: HTTPStatus.OK,
    Fate.STALE: HTTPStatus.CONFLICT,
    Fate.REFUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of queues."""
    hand_out, answer, take = _hand_out(house), _answer_requests(house), _take_deliveries(house)
    clock = house.clock()

    @post("/queues/{queue:str}/claim", **serves(answers.Claimed, "queues:work"))
    async def claim(
        request: Http, queue: FromPath[str], data: JSONBody[NewClaim]
    ) -> answers.Claimed:
        """Lease messages; with `wait_seconds` the answer comes when there is one, or in the end."""
        counter = await _counter(house, request, queue, _REQUESTS)
        if not counter.operator.is_active:
            raise NotFound("queue", queue)
        spec = replace(
            counter.spec, batch_limit=data.limit, lease_seconds=float(data.lease_seconds)
        )

        async def some() -> _Found:
            return _Found(await hand_out(counter.operator, counter.terms, spec, data.lease))

        found = (await at_last(request, some, wait_seconds=data.wait_seconds)).claimed
        now = clock.now()

        def shown(handed: Handed) -> answers.Handed:
            work = handed.work
            charge = isinstance(work, WireCharge)
            return answers.Handed(
                id=handed.id,
                event_name="charge" if charge else "send_sms",
                event_data=charge_record(work, counter.operator, now)
                if isinstance(work, WireCharge)
                else text_record(work, counter.operator, now),
                redelivered=handed.again,
            )

        return answers.Claimed(
            lease=str(found.lease) if found.messages else None,
            expires_at=found.expires_at,
            messages=[shown(one) for one in found.messages],
        )

    @post("/queues/{queue:str}/ack", **serves(answers.Results, "queues:work"))
    async def ack(request: Http, queue: FromPath[str], data: JSONBody[Answers]) -> answers.Results:
        """Say how leased messages ended; each that is still held is recorded and removed."""
        counter = await _counter(house, request, queue, _REQUESTS)
        _once([one.id for one in data.answers])
        sound: list[Answered] = []
        refused: dict[int | str, Result] = {}
        for one in data.answers:
            try:
                record = read_record(one.event_data, counter.operator)
            except InvalidValue as error:
                refused[one.id] = Result(one.id, Fate.REFUSED, str(error))
            else:
                sound.append(Answered(one.id, one.event_name, record))
        results = {one.id: one for one in await answer.ack(counter, data.lease, sound)} | refused
        return answers.Results(results=_results([results[one.id] for one in data.answers]))

    @post("/queues/{queue:str}/fail", **serves(answers.Results, "queues:work"))
    async def fail(
        request: Http, queue: FromPath[str], data: JSONBody[Failures]
    ) -> answers.Results:
        """Say that leased messages were not carried out, or that nobody knows."""
        counter = await _counter(house, request, queue, _REQUESTS)
        _once([one.id for one in data.failures])
        failures = [
            FailedOutside(one.id, one.error, one.sent, one.delay_seconds) for one in data.failures
        ]
        return answers.Results(results=_results(await answer.fail(counter, data.lease, failures)))

    @post("/queues/{queue:str}/renew", **serves(answers.Renewed, "queues:work"))
    async def renew(
        request: Http, queue: FromPath[str], data: JSONBody[NewRenewal]
    ) -> answers.Renewed:
        """Ask for more time for messages that are still held."""
        counter = await _counter(house, request, queue, _REQUESTS)
        _once(data.ids)
        results, until = await answer.renew(counter, data.lease, data.ids, data.lease_seconds)
        return answers.Renewed(expires_at=until, results=_results(results))

    @post("/queues/{queue:str}/messages", **serves(answers.Results, "queues:work"))
    async def messages(
        request: Http, queue: FromPath[str], data: JSONBody[Deliveries]
    ) -> answers.Results:
        """Take what the program says by itself; the same id again in a queue is the same thing."""
        counter = await _counter(house, request, queue, _RESPONSES)
        _once([one.id for one in data.messages])
        sound: list[Delivered] = []
        refused: dict[int | str, Result] = {}
        for one in data.messages:
            try:
                record = read_record(one.event_data, counter.operator)
            except InvalidValue as error:
                refused[one.id] = Result(one.id, Fate.REFUSED, str(error))
            else:
                sound.append(
                    Delivered(id=one.id, event_name=one.event_name, record=record, token=one.token)
                )
        kind = queue.removeprefix(f"{counter.operator.code}_")
        if kind == "new_subscriptions" and not counter.operator.is_active:
            raise NotFound("queue", queue)
        results = {one.id: one for one in await take(counter, kind, sound)} | refused
        return answers.Results(results=_results([results[one.id] for one in data.messages]))

    return [claim, ack, fail, renew, messages]


@dataclass(frozen=True, slots=True)
class _Found:
    """What a claim found; false while there is nothing."""

    claimed: Claimed

    def __bool__(self) -> bool:
        return bool(self.claimed.messages)


def _hand_out(house: Container) -> HandOut:
    return HandOut(
        house.open_uow(),
        house.messages(),
        PostgresBridge(),
        house.carrier().throttle,
        LateJournal(),
        house.clock(),
        house.metrics(),
    )


def _answer_requests(house: Container) -> AnswerRequests:
    return AnswerRequests(
        house.open_uow(),
        house.messages(),
        PostgresBridge(),
        LateJournal(),
        house.entropy(),
        house.metrics(),
    )


def _take_deliveries(house: Container) -> TakeDeliveries:
    carrier = house.carrier()
    return TakeDeliveries(
        house.open_uow(),
        PostgresBridge(),
        carrier.references,
        PostgresInbox(),
        carrier.take_orders,
        LateJournal(),
        house.clock(),
        house.entropy(),
    )


async def _counter(house: Container, request: Http, queue: str, kinds: frozenset[str]) -> Counter:
    """Find the queue of the caller's operator; raise NotFound for every other one."""
    code = caller_of(request).subject
    operator = (await house.carrier().references.current()).operators.get(code)
    if operator is None or not operator.is_bridged:
        raise NotFound("queue", queue)
    foreign = foreign_queues(code, operator.protocol, operator.options)
    specs = {spec.name: spec for spec in operator_queues([code], foreign)}
    if queue not in specs or queue.removeprefix(f"{code}_") not in kinds:
        raise NotFound("queue", queue)
    if queue not in foreign and kinds == _REQUESTS:
        raise NotFound("queue", queue)
    try:
        terms = terms_of(operator)
    except ValueError as error:
        raise Unavailable(f"operator {code}: {error}") from error
    return Counter(operator=operator, terms=terms, spec=specs[queue])


def _once(ids: Sequence[int | str]) -> None:
    if len(set(ids)) != len(ids):
        raise InvalidValue("a message is named once")


def _results(results: Sequence[Result]) -> list[answers.Result]:
    return [
        answers.Result(id=one.id, status=_STATUS[one.fate], detail=one.why or UNSET)
        for one in results
    ]
