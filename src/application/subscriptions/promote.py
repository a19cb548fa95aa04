"""Free days for a list of people: accepted at once, issued by the bus, answered one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from application.ports import Clock, Entropy, Message, NewMessage
from application.subscriptions.issue_by_hand import IssueByHand, IssueByHandCommand
from application.subscriptions.ports import SubscriptionsUnitOfWork
from domain.catalog.plan import offer
from domain.shared.facts import Cause
from domain.shared.ids import CustomerId, PlanId, PriceId, SubscriptionId
from domain.subscriptions.model import Source

PROMOTE = "subscriptions.promote.v1"
MOST_PEOPLE = 10_000
_PEOPLE_PER_MESSAGE = 500
_LONGEST_ID = 200


class Outcome(StrEnum):
    """What became of one person of a list."""

    WAITING = "waiting"
    ISSUED = "issued"
    ALREADY_HAS = "already_has"
    UNKNOWN = "unknown"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A list that was accepted; the price says which plan is given away."""

    id: UUID
    price_id: PriceId
    provider: str
    days: int
    reason: str
    issued_by: str
    correlation_id: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotedPerson:
    """One person of a list; `place` is where they stand in it, from 1 on."""

    external_id: str
    place: int
    outcome: Outcome = Outcome.WAITING
    subscription_id: SubscriptionId | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class WaitingPerson:
    """One who has no answer yet: who they are here, if anybody, and whether they have the plan."""

    person: PromotedPerson
    customer_id: CustomerId | None
    has_plan: bool


class Promotions(Protocol):
    """Lists and their people."""

    async def add(self, promotion: Promotion, people: Sequence[PromotedPerson]) -> None:
        """Insert a list; nobody is in it twice."""
        ...

    async def get(self, promotion_id: UUID) -> Promotion:
        """Load; raise NotFound."""
        ...

    async def lock_waiting(
        self, promotion_id: UUID, plan_id: PlanId, first: int, last: int
    ) -> Sequence[WaitingPerson]:
        """Load for change who of these places has no answer yet."""
        ...

    async def answer(self, promotion_id: UUID, people: Sequence[PromotedPerson]) -> None:
        """Write down what became of people."""
        ...


class PromotionsUnitOfWork(SubscriptionsUnitOfWork, Protocol):
    """A transaction that knows lists."""

    @property
    def promotions(self) -> Promotions:
        """Lists and their people."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PromoteCommand:
    """Whom to give how many free days of what, and why."""

    cause: Cause
    price_id: PriceId
    provider: str
    days: int
    external_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class AcceptPromotion:
    """Accept a list: what cannot be anybody's id is answered at once, the others by the bus."""

    clock: Clock
    entropy: Entropy

    async def within(self, uow: PromotionsUnitOfWork, command: PromoteCommand) -> Promotion:
        """Accept inside the caller's transaction; who is named twice counts once."""
        now = self.clock.now()
        offer(*await uow.offers.price(command.price_id), now=now)
        promotion = Promotion(
            id=self.entropy.new_id(),
            price_id=command.price_id,
            provider=command.provider,
            days=command.days,
            reason=command.cause.reason,
            issued_by=command.cause.actor,
            correlation_id=command.cause.correlation_id,
            created_at=now,
        )
        people = _people(command.external_ids)
        await uow.promotions.add(promotion, people)
        waiting = [one.place for one in people if one.outcome is Outcome.WAITING]
        uow.messages.add(
            NewMessage(
                queue="bus",
                name=PROMOTE,
                payload={"promotion_id": str(promotion.id), "first": some[0], "last": some[-1]},
                correlation_id=promotion.correlation_id,
            )
            for some in _stretches(waiting)
        )
        return promotion


def _stretches(places: Sequence[int]) -> Sequence[Sequence[int]]:
    starts = range(0, len(places), _PEOPLE_PER_MESSAGE)
    return [places[start : start + _PEOPLE_PER_MESSAGE] for start in starts]


def _people(external_ids: Sequence[str]) -> Sequence[PromotedPerson]:
    people: dict[str, PromotedPerson] = {}
    for given in external_ids:
        why = _not_an_id(given)
        # What cannot be kept as it was sent is kept as it can be shown.
        key = _shown(given) if why else given
        outcome = Outcome.INVALID if why else Outcome.WAITING
        one = PromotedPerson(external_id=key, place=len(people) + 1, outcome=outcome, detail=why)
        people.setdefault(key, one)
    return list(people.values())


def _not_an_id(given: str) -> str | None:
    if 1 <= len(given) <= _LONGEST_ID and given.isprintable():
        return None
    return f"an external id has 1 to {_LONGEST_ID} printable characters"


def _shown(given: str) -> str:
    return given.encode("unicode_escape").decode("ascii")[:_LONGEST_ID]


@dataclass(frozen=True, slots=True)
class IssuePromotions:
    """Answer a stretch of a list in the transaction of its message: each person once, for good.

    A message that comes again finds only who has no answer yet. Somebody who subscribes at the
    same moment makes it fail once; then they have the plan already.
    """

    issue: IssueByHand

    async def __call__(self, uow: PromotionsUnitOfWork, batch: Sequence[Message]) -> None:
        """Issue, and write every answer down; never commits."""
        for message in batch:
            payload = message.payload
            promotion = await uow.promotions.get(UUID(payload["promotion_id"]))
            await self._stretch(uow, promotion, message, payload["first"], payload["last"])

    async def _stretch(
        self,
        uow: PromotionsUnitOfWork,
        promotion: Promotion,
        message: Message,
        first: int,
        last: int,
    ) -> None:
        plan, price = await uow.offers.price(promotion.price_id)
        waiting = await uow.promotions.lock_waiting(promotion.id, plan.id, first, last)
        cause = Cause(
            actor=promotion.issued_by,
            reason=promotion.reason,
            correlation_id=promotion.correlation_id,
            causation_id=promotion.id,
        )
        answers, subscriptions, periods = [], [], []
        for one in waiting:
            if one.customer_id is None:
                answers.append(replace(one.person, outcome=Outcome.UNKNOWN))
                continue
            if one.has_plan:
                answers.append(replace(one.person, outcome=Outcome.ALREADY_HAS))
                continue
            command = IssueByHandCommand(
                cause=cause,
                customer_id=one.customer_id,
                price_id=price.id,
                provider=promotion.provider,
                days=promotion.days,
                source=Source.PROMO,
            )
            issued, period, said = self.issue.made(plan, price, command)
            subscriptions.append(issued)
            periods.append(period)
            uow.events.record(cause, said)
            answers.append(replace(one.person, outcome=Outcome.ISSUED, subscription_id=issued.id))
        await uow.subscriptions.add_many(subscriptions)
        await uow.subscriptions.add_periods(periods)
        await uow.promotions.answer(promotion.id, answers)
