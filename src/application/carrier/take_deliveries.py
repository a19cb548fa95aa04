"""Take what a foreign program says by itself: late answers, orders, stops, what became of texts.

It is written down as the messages that digest it, in one transaction, and a repeat is known by
the sender's id. What is digested where is the same as for every other operator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from application.carrier.answer_requests import RESPONSE, Counter, Fate, Result
from application.carrier.bridge import BridgeRows, WireRecord, WireText, outcome_of
from application.carrier.gateway import (
    ChargeReported,
    PurgeRequested,
    Report,
    UnsubscribeRequested,
)
from application.carrier.journal import MOST_CHARACTERS, Exchanged, Journal
from application.carrier.ports import CarrierUnitOfWork, Order, References
from application.carrier.receive import Inbox, TakeOrders
from application.carrier.send_sms import sms_answer_message
from application.carrier.wire import REPORT, report_to_json
from application.ports import Clock, Entropy, NewMessage, UnitsOfWork
from domain.shared.errors import InvalidValue
from domain.shared.msisdn import Msisdn

UNREG, PURGE, NEW_SUBSCRIPTION = "unreg", "purge", "new_subscription"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One thing a program says; `token` is what we handed its subject out with, where it tells."""

    id: str
    event_name: str
    record: WireRecord
    token: str | None = None


@dataclass(frozen=True, slots=True)
class TakeDeliveries:
    """Keep a batch for one queue; one result each, those that make no sense leave the others."""

    units_of_work: UnitsOfWork[CarrierUnitOfWork]
    rows: BridgeRows[Any]
    references: References
    inbox: Inbox[Any]
    orders: TakeOrders
    journal: Journal
    clock: Clock
    entropy: Entropy

    async def __call__(
        self, counter: Counter, kind: str, batch: Sequence[Delivered]
    ) -> Sequence[Result]:
        """Take deliveries for `responses`, `sms_responses` or `new_subscriptions`."""
        async with self.units_of_work() as uow:
            texts = await self._texts(uow, kind, batch)
            results: dict[str, Result] = {}
            made: dict[str, NewMessage | Order] = {}
            for one in batch:
                try:
                    made[one.id] = await self._made(counter, kind, one, texts.get(one.id))
                except InvalidValue as error:
                    results[one.id] = Result(one.id, Fate.REFUSED, str(error))
            queue = f"{counter.operator.code}_{kind}"
            new = await self.inbox.receive_many(uow, f"queue:{queue}", list(made))
            for id_, what in made.items():
                results[id_] = Result(id_, Fate.TAKEN if id_ in new else Fate.KNOWN)
                if id_ in new and isinstance(what, Order):
                    self.orders.within(uow, [what])
                elif id_ in new and isinstance(what, NewMessage):
                    uow.messages.add([what])
            self.journal.note(uow, [_line(counter, one) for one in batch if one.id in new])
            await uow.commit()
        return [results[one.id] for one in batch]

    async def _texts(
        self, uow: CarrierUnitOfWork, kind: str, batch: Sequence[Delivered]
    ) -> dict[str, WireText]:
        if kind != "sms_responses":
            return {}
        ids = {one.id: key for one in batch if (key := _uuid(one.token or one.record.token))}
        found = await self.rows.texts(uow, ids.values())
        return {id_: found[key] for id_, key in ids.items() if key in found}

    async def _made(
        self, counter: Counter, kind: str, one: Delivered, text: WireText | None
    ) -> NewMessage | Order:
        number = one.record.msisdn
        if number is not None and not counter.operator.serves(number):
            raise InvalidValue(f"that is no number of {counter.operator.name}")
        if kind == "new_subscriptions":
            return self._order(counter, one)
        if kind == "sms_responses":
            return self._text_answer(counter, one, text)
        return NewMessage(
            queue=f"{counter.operator.code}_responses",
            name=REPORT,
            payload={"report": report_to_json(await self._report(counter, one))},
            correlation_id=self.entropy.new_id(),
        )

    async def _report(self, counter: Counter, one: Delivered) -> Report:
        record = one.record
        event_id = f"bridge:{one.id}"
        if one.event_name == RESPONSE:
            token = one.token or record.token or None
            if token is None and record.msisdn is None:
                raise InvalidValue("an answer names its charge by operator_token or by msisdn")
            return ChargeReported(
                event_id=event_id,
                outcome=outcome_of(record, counter.terms, counter.operator.currency),
                token=token,
                msisdn=record.msisdn,
                service_code=record.service_code or None,
            )
        if one.event_name == UNREG:
            return UnsubscribeRequested(
                event_id=event_id,
                msisdn=_number(record),
                service_code=await self._service(counter, record),
                text=record.text,
            )
        if one.event_name == PURGE:
            reason = record.reason or "purge request"
            return PurgeRequested(event_id=event_id, msisdn=_number(record), reason=reason)
        raise InvalidValue(f"this queue takes {RESPONSE}, {UNREG} and {PURGE}")

    async def _service(self, counter: Counter, record: WireRecord) -> str | None:
        """Return the service a record names itself or by its campaign, None where it names none."""
        if record.service_code or not record.campaign_code:
            return record.service_code or None
        reference = await self.references.current()
        campaign = reference.campaigns.get(record.campaign_code)
        if campaign is None or campaign.operator != counter.operator.code:
            raise InvalidValue(f"there is no campaign {record.campaign_code!r}")
        return reference.by_service_id[campaign.service_id].service.code

    def _order(self, counter: Counter, one: Delivered) -> Order:
        record, code = one.record, counter.operator.code
        if one.event_name != NEW_SUBSCRIPTION:
            raise InvalidValue(f"this queue takes {NEW_SUBSCRIPTION}")
        if not record.service_code and not record.campaign_code:
            raise InvalidValue("an order names a service_code or a campaign_id")
        event_id = f"bridge:{one.id}"
        return Order(
            operator=code,
            event_id=event_id,
            tid=record.tid or f"{event_id}={self.entropy.new_id()}",
            msisdn=_number(record),
            service_code=record.service_code or None,
            campaign_code=record.campaign_code or None,
            text=record.text,
            source=record.channel or f"bridge of {code}",
            said_at=record.said_at,
            operator_token=record.token or None,
            pixel=record.pixel or None,
            publisher=record.publisher or None,
            received_at=self.clock.now(),
        )

    def _text_answer(self, counter: Counter, one: Delivered, text: WireText | None) -> NewMessage:
        if text is None or text.operator != counter.operator.code:
            raise InvalidValue("no text was handed out under that token")
        record = one.record
        ours = record.token == str(text.sms_id)
        return sms_answer_message(
            text.operator,
            text.sms_id,
            "failed" if record.error else "sent",
            None if ours else record.token or None,
            record.error or None,
            self.entropy.new_id(),
        )


def _number(record: WireRecord) -> Msisdn:
    if record.msisdn is None:
        raise InvalidValue("msisdn is missing")
    return record.msisdn


def _uuid(token: str) -> UUID | None:
    try:
        return UUID(token)
    except ValueError:
        return None


def _line(counter: Counter, one: Delivered) -> Exchanged:
    return Exchanged(
        operator=counter.operator.code,
        kind="mo" if one.event_name == NEW_SUBSCRIPTION else "dn",
        msisdn=one.record.msisdn,
        token=one.record.token,
        code=one.record.error,
        decision=one.event_name,
        request=one.record.raw[:MOST_CHARACTERS],
    )
