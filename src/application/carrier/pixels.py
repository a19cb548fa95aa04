"""Tell advertisers of subscribers they brought: one postback a subscription, sent by a message.

Ordering one is part of the transaction that decided the charge. Whether it is sent, and where to,
is decided once by the message, so a try that is repeated neither counts again nor goes elsewhere. A
postback is sent at least once: `%trxid%` is the same for every repeat.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from application.carrier.aftermath import PixelOrder
from application.carrier.pixel_ports import Choice, NewPixel, PixelRow, PixelRows, Postman, Reply
from application.carrier.ports import CarrierUnitOfWork, Reference, References
from application.carrier.receive import CALLBACK
from application.ports import (
    Clock,
    Done,
    Entropy,
    Failed,
    Later,
    Message,
    Metrics,
    NewMessage,
    UnitsOfWork,
)
from domain.carrier.postback import PixelSetting, filled, publisher_of, setting_for

SEND_PIXEL = "carrier.pixel.v1"
CLICK_LIVES = timedelta(hours=24)
_AT_ONCE = 25
_SENT = 200


@dataclass(frozen=True, slots=True)
class OrderPixels:
    """Order postbacks inside the transaction that decided a charge."""

    rows: PixelRows[Any]
    clock: Clock
    entropy: Entropy
    metrics: Metrics

    async def order(self, uow: CarrierUnitOfWork, orders: Sequence[PixelOrder]) -> None:
        """Write down what is to be sent, with the messages that send it; never commits."""
        wanted: list[NewPixel] = []
        for one in orders:
            told = await self._pixel(uow, one)
            if told is not None:
                wanted.append(told)
        if not wanted:
            return
        new = await self.rows.add_many(uow, wanted)
        uow.messages.add(message_of(one.id) for one in wanted if one.id in new)

    async def _pixel(self, uow: CarrierUnitOfWork, one: PixelOrder) -> NewPixel | None:
        order = one.order.order
        pixel, publisher, campaign = order.pixel, order.publisher, order.campaign_code
        if not pixel and order.source.startswith(CALLBACK):
            since = self.clock.now() - CLICK_LIVES
            click = await self.rows.claim_click(uow, one, since)
            result = "attributed" if click else "unattributed"
            self.metrics.count(
                "carrier_events", operator=order.operator, event="click", result=result
            )
            if click is not None:
                pixel, publisher, campaign = click.pixel, click.publisher, click.campaign_code
        if not pixel:
            return None
        return NewPixel(
            id=self.entropy.new_id(),
            subscription_id=one.subscription.id,
            operator=order.operator,
            campaign_code=campaign,
            pixel=pixel,
            publisher=publisher,
            paid=one.paid,
            created_at=self.clock.now(),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """A postback that was answered as it should be."""

    row: PixelRow
    reply: Reply


@dataclass(frozen=True, slots=True)
class SendPixels:
    """Handle `carrier.pixel.v1` of `pixels`: `{pixel_id}` each."""

    units_of_work: UnitsOfWork[CarrierUnitOfWork]
    rows: PixelRows[Any]
    references: References
    postman: Postman
    clock: Clock
    metrics: Metrics

    async def call(self, batch: Sequence[Message]) -> Sequence[Told | Done | Failed | Later]:
        """Send what is not sent; a refusal of the publisher is tried again, by the queue's rule."""
        ids = [UUID(message.payload["pixel_id"]) for message in batch]
        chosen = await self._chosen(list(dict.fromkeys(ids)))
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(row: PixelRow) -> tuple[UUID, Told]:
            assert row.url is not None
            async with gate:
                return row.id, Told(row, await self.postman.deliver(row.url, row.timeout_seconds))

        told = dict(await asyncio.gather(*(one(row) for row in chosen)))
        failed = [each for each in told.values() if each.reply.status != _SENT]
        await self._note(failed)
        return [_answer(told.get(key)) for key in ids]

    async def record(self, uow: CarrierUnitOfWork, batch: Sequence[tuple[Message, Told]]) -> None:
        """Write down what was sent."""
        await self.rows.tried(uow, [_try(told) for _, told in batch])
        for _, told in batch:
            self._tell(told.row.operator, "sent")

    async def _chosen(self, ids: Sequence[UUID]) -> Sequence[PixelRow]:
        """Choose where those go that nobody has chosen for; return what is to be sent."""
        reference = await self.references.current()
        async with self.units_of_work() as uow:
            rows = await self.rows.load(uow, ids)
            queued = [row for row in rows if row.status == "queued"]
            choices = await self._choices(uow, reference, queued) if queued else []
            await self.rows.choose(uow, choices)
            await uow.commit()
        by_id = {choice.id: choice for choice in choices}
        for row in queued:
            if by_id[row.id].url is None:
                self._tell(row.operator, "skipped")
        now = [
            replace(row, url=by_id[row.id].url, timeout_seconds=setting.timeout_seconds)
            for row in queued
            if (setting := by_id[row.id].setting) is not None and by_id[row.id].url is not None
        ]
        return [*(row for row in rows if row.status == "chosen"), *now]

    async def _choices(
        self, uow: CarrierUnitOfWork, reference: Reference, rows: Sequence[PixelRow]
    ) -> list[Choice]:
        settings, publishers = await self.rows.settings(uow), await self.rows.publishers(uow)
        by_setting: dict[UUID, list[PixelRow]] = defaultdict(list)
        found: dict[UUID, PixelSetting] = {}
        choices: list[Choice] = []
        for row in rows:
            publisher = publisher_of(row.publisher, row.pixel, publishers)
            if publisher is None:
                choices.append(Choice(row.id, None, None, None, "no publisher is known by it"))
                continue
            setting = setting_for(
                settings,
                campaign_code=row.campaign_code,
                operator=row.operator,
                publisher=publisher,
            )
            if setting is None:
                choices.append(Choice(row.id, publisher, None, None, "nobody is to be told"))
                continue
            found[setting.id] = setting
            by_setting[setting.id].append(replace(row, publisher=publisher))
        before = await self.rows.count(uow, Counter({k: len(v) for k, v in by_setting.items()}))
        for key, those in by_setting.items():
            for place, row in enumerate(those, start=before[key] + 1):
                choices.append(self._choice(reference, row, found[key], place))
        return choices

    def _choice(
        self, reference: Reference, row: PixelRow, setting: PixelSetting, place: int
    ) -> Choice:
        if not setting.is_turn(place):
            why = f"only each {setting.ratio}th is sent"
            return Choice(row.id, row.publisher, setting, None, why)
        url = filled(setting.endpoint, self._values(reference, row))
        return Choice(row.id, row.publisher, setting, url, None)

    def _values(self, reference: Reference, row: PixelRow) -> Mapping[str, str]:
        operator = reference.operators[row.operator]
        return {
            "pixel": row.pixel,
            "msisdn": row.msisdn,
            "trxid": str(row.id),
            "time": str(int(row.created_at.timestamp())),
            "service_id": row.service_code,
            "operator_code": str(operator.wire_id),
            "operator_name": operator.code,
            "country_name": operator.country_name,
        }

    async def _note(self, failed: Sequence[Told]) -> None:
        if not failed:
            return
        async with self.units_of_work() as uow:
            await self.rows.tried(uow, [_try(told) for told in failed])
            await uow.commit()
        for told in failed:
            self._tell(told.row.operator, "failed")

    def _tell(self, operator: str, result: str) -> None:
        self.metrics.count("carrier_events", operator=operator, event="pixel", result=result)


@dataclass(frozen=True, slots=True)
class ResendPixels:
    """Order postbacks anew that were not sent; those on their way are left alone."""

    rows: PixelRows[Any]
    clock: Clock

    async def within(self, uow: CarrierUnitOfWork, *, hours: int, limit: int) -> int:
        """Order at most so many of the last hours; return how many; never commits."""
        since = self.clock.now() - timedelta(hours=hours)
        ids = await self.rows.unsent(uow, since, limit)
        uow.messages.add(message_of(key) for key in ids)
        return len(ids)


def message_of(pixel_id: UUID) -> NewMessage:
    """Return the message that sends a postback; one at a time, by its order key."""
    return NewMessage(
        queue="pixels",
        name=SEND_PIXEL,
        payload={"pixel_id": str(pixel_id)},
        order_key=f"pixel:{pixel_id}",
        correlation_id=pixel_id,
    )


def _answer(told: Told | None) -> Told | Done | Failed:
    if told is None:
        return Done()
    if told.reply.status == _SENT:
        return told
    why = told.reply.why or f"the publisher answered {told.reply.status}"
    return Failed(why, final=told.reply.final)


def _try(told: Told) -> tuple[UUID, int | None, int | None, str | None]:
    return told.row.id, told.reply.status, told.reply.milliseconds, told.reply.why
