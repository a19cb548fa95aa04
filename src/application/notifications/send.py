"""Send what people are told of payouts.

A try is counted before it is made. What a try came to is recorded in the transaction that deletes
its message, under the message's lease; when the next is due stands in the row and goes by business
time. Nothing here is ever waited for by money.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from application.notifications.messages import notice_of
from application.notifications.ports import (
    Addressee,
    Addressees,
    Delivered,
    Delivery,
    Letter,
    Mailer,
    Notifications,
    PutOff,
    Refused,
)
from application.ports import Clock, Done, Message, Metrics, UnitOfWork, UnitsOfWork
from domain.notifications import notification as telling
from domain.notifications.events import WhyFailed
from domain.notifications.notice import PayoutNotice
from domain.notifications.notification import Events, Notification, UnderWay
from domain.shared.facts import Cause


@dataclass(frozen=True, slots=True)
class Unaddressed:
    """Nobody knows yet where the person is reached."""


Outcome = Delivery | Unaddressed
NO_ADDRESS = "no e-mail address is known"


@dataclass(frozen=True, slots=True)
class SendNotifications:
    """Handle `notifications.payout.v1` of `notifications`: a payout each.

    A payout is told of once, however many messages there are of it. Without a `mailer` notices are
    written down and wait; their day of tries begins when there is one.
    """

    units_of_work: UnitsOfWork[Any]
    rows: Notifications[Any]
    addressees: Addressees[Any]
    mailer: Mailer | None
    clock: Clock
    metrics: Metrics

    async def call(self, batch: Sequence[Message]) -> Sequence[Outcome | Done]:
        """Hand over what is under way; what is sent already or waits is left alone."""
        notices = [notice_of(message.payload) for message in batch]
        begun, known = await self._begun({one.payout_id: one for one in notices})
        letters = [
            Letter(
                notice=one.notice,
                addressee=known[one.notice.person_id],
                written_at=one.first_try_at or self.clock.now(),
            )
            for one in begun
            if one.notice.person_id in known
        ]
        outcomes: dict[UUID, Outcome] = {one.notice.payout_id: Unaddressed() for one in begun}
        if letters and self.mailer is not None:
            answers = await self.mailer.deliver(letters)
            for letter, answer in zip(letters, answers, strict=True):
                outcomes[letter.notice.payout_id] = answer
        return [outcomes.pop(one.payout_id, Done()) for one in notices]

    async def record(self, uow: UnitOfWork, batch: Sequence[tuple[Message, Outcome]]) -> None:
        """Write down what the tries came to; never commits."""
        told = {notice_of(message.payload).payout_id: one for message, one in batch}
        messages = {notice_of(message.payload).payout_id: message for message, _ in batch}
        now = self.clock.now()
        kept = await self.rows.lock(uow, told)
        changed = []
        for payout_id, before in kept.items():
            after, events = _after(before, told[payout_id], now)
            changed.append(after)
            uow.events.record(_cause(messages[payout_id], payout_id), events)
            self.metrics.count("notifications", kind="payout", result=_word(after))
        await self.rows.save(uow, changed)

    async def _begun(
        self, notices: Mapping[UUID, PayoutNotice]
    ) -> tuple[Sequence[Notification], Mapping[UUID, Addressee]]:
        """Write notices down, count their tries; return what is tried and who has an address."""
        now = self.clock.now()
        async with self.units_of_work() as uow:
            kept = await self.rows.open(uow, list(notices.values()), now)
            under_way = [one for one in kept.values() if isinstance(one.state, UnderWay)]
            if self.mailer is None:
                await self.rows.save(uow, [telling.shelved(one, now) for one in under_way])
                await uow.commit()
                return [], {}
            begun = [telling.begun(one, now) for one in under_way]
            await self.rows.save(uow, begun)
            known = await self.addressees.find(uow, {one.notice.person_id for one in begun})
            await uow.commit()
        return begun, known


def _after(one: Notification, outcome: Outcome, now: datetime) -> tuple[Notification, Events]:
    match outcome:
        case Delivered(message_id):
            return telling.sent(one, message_id, now)
        case Refused(why):
            return telling.refused(one, why, now)
        case PutOff(why):
            return telling.put_off(one, why, WhyFailed.NOT_ACCEPTED, now)
        case Unaddressed():
            return telling.put_off(one, NO_ADDRESS, WhyFailed.NO_ADDRESS, now)
        case _:
            assert_never(outcome)


def _word(one: Notification) -> str:
    match one.state:
        case telling.Sent():
            return "sent"
        case telling.Failed(_, reason):
            return reason.value
        case UnderWay() | telling.Waiting():
            return "put_off"
        case _:
            assert_never(one.state)


def _cause(message: Message, payout_id: UUID) -> Cause:
    return Cause(
        actor="kazna:notifications",
        reason="a payout is told of",
        correlation_id=message.correlation_id or payout_id,
        causation_id=payout_id,
    )
