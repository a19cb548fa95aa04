"""The accounting of tasks over one database: facts in, days settled, and what must hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import ManualClock
from adapters.postgres.invariants.accounts import check_accounts
from adapters.postgres.payout_days import PostgresDays
from adapters.postgres.task_books import PostgresTaskBooks
from adapters.postgres.wallets import PostgresWallets
from application.jobs import JobOrder, JobReport
from application.ledger.run_payouts import RunPayouts
from application.ledger.task_events import TASK_EVENT, DigestTaskEvents, Pricing
from application.ports import Message
from domain.ledger.payout import Rules
from domain.shared.facts import Cause
from domain.shared.money import Currency
from domain.tasks.title import upcast
from tests.integration.billing.house import House

ZONE = ZoneInfo("Europe/Moscow")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PRICING = Pricing(currency=Currency("USD"), key=b"what these tests draw prices with")
PEOPLE = [UUID(int=1000 + number) for number in range(6)]


class TaskExchange(House):
    """Handlers and jobs of the accounting over one database."""

    def __init__(self, engine: AsyncEngine, clock: ManualClock, *, strict: bool = False) -> None:
        super().__init__(engine, clock, ZONE)
        self.books, self.wallets, self.days = (
            PostgresTaskBooks(upcast),
            PostgresWallets(),
            PostgresDays(),
        )
        self.digest = DigestTaskEvents(
            PRICING, self.books, self.wallets, self.days, upcast, ZONE, clock, self.metrics
        )
        self.payouts = self.runner(strict=strict)

    def runner(self, *, strict: bool = False, rules: Rules = Rules()) -> RunPayouts:  # noqa: B008
        return RunPayouts(
            self.open_uow, self.wallets, self.days, ZONE, rules=rules, is_strict=strict
        )

    async def hear(self, *envelopes: Mapping[str, Any]) -> None:
        """Digest envelopes as one batch."""
        async with self.open_uow() as uow:
            await self.digest(uow, messages(envelopes))
            await uow.commit()

    async def pay(self, runner: RunPayouts | None = None) -> JobReport:
        """Run the payouts as of now."""
        cause = Cause(actor="job:payouts", reason="test", correlation_id=uuid4())
        return await (runner or self.payouts)(JobOrder(now=self.clock.now(), cause=cause))

    async def broken(self) -> list[str]:
        """Name the rules that do not hold."""
        async with self.open_uow() as uow:
            return [f"{one.name}: {one.detail}" for one in await check_accounts(uow.driver)]

    async def balance(self, person: int) -> int:
        found = await self.value(
            "SELECT balance_minor FROM wallet WHERE person_id = $1", PEOPLE[person]
        )
        return int(found or 0)


def messages(envelopes: Iterable[Mapping[str, Any]]) -> Sequence[Message]:
    return [
        Message(
            id=number,
            queue="ledger",
            name=TASK_EVENT,
            payload=envelope,
            attempt=1,
            created_at=START,
        )
        for number, envelope in enumerate(envelopes, start=1)
    ]


@dataclass(slots=True)
class Task:
    """A task of a tracker of somebody else, and the envelopes it has sent."""

    number: int
    now: datetime = START
    version: int = 0
    assignment: int = 0
    assignee: int | None = None
    sent: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> UUID:
        return UUID(int=5_000 + self.number)

    def event(self, name: str, version: int = 2, **data: Any) -> dict[str, Any]:
        self.version += 1
        envelope = {
            "event_id": str(uuid5(self.id, str(self.version))),
            "event_name": name,
            "event_version": version,
            "event_time": self.now.isoformat(),
            "occurred_at": self.now.isoformat(),
            "producer": "test",
            "aggregate_id": str(self.id),
            "aggregate_version": self.version,
            "correlation_id": str(self.id),
            "causation_id": None,
            "data": {"task_id": str(self.id), "title": f"Task {self.number}", **data},
        }
        self.sent.append(envelope)
        return envelope

    def created(self, **data: Any) -> dict[str, Any]:
        return self.event("TaskCreated", author_id=str(PEOPLE[0]), status="OPEN", **data)

    def assigned(self, person: int) -> dict[str, Any]:
        self.assignment += 1
        previous, self.assignee = self.assignee, person
        return self.event(
            "TaskAssigned",
            assignment_no=self.assignment,
            assignation_id=str(uuid5(self.id, f"a{self.assignment}")),
            assignee_id=str(PEOPLE[person]),
            previous_assignee_id=None if previous is None else str(PEOPLE[previous]),
            batch_id=None,
        )

    def completed(self) -> dict[str, Any]:
        assert self.assignee is not None
        return self.event(
            "TaskCompleted",
            completed_by=str(PEOPLE[self.assignee]),
            assignment_no=self.assignment,
            completed_at=self.now.isoformat(),
        )

    @property
    def fee(self) -> int:
        return PRICING.of(self.id).fee.amount_minor

    @property
    def reward(self) -> int:
        return PRICING.of(self.id).reward.amount_minor


def day(number: int) -> date:
    return date(2026, 3, number)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
