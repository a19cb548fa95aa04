"""Walk through the years: deliver a day's events, let the night pay, skip nights without any."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from application.identity.access import Role
from entrypoints.cli.failures import WentWrong
from entrypoints.demo.stage import Step
from entrypoints.demo.tasks.company import Company
from entrypoints.demo.tasks.deliveries import Told
from entrypoints.demo.tasks.history import History

RUN_AT = time(3, 0)
_MINUTE = timedelta(minutes=1)
_NIGHT = timedelta(days=1)
_AT_ONCE = 8
# The body of a request is bounded; so many events of usual length are well below it.
_EVENTS_A_REQUEST = 150
_PATIENCE_SECONDS = 120.0
_API_DAYS, _API_TASKS, _API_PEOPLE = 10, 12, 12


@dataclass(slots=True)
class Walk:
    """One run; `advance` moves the clock and fires the timetable, `look` counts what is open."""

    company: Company
    history: History
    told: Told
    zone: ZoneInfo
    move: Callable[[datetime], None]
    advance: Callable[[datetime], Awaitable[int]]
    look: Callable[[], Awaitable[Mapping[str, int]]]
    every_night: bool = False
    nights: int = 0
    created: int = 0
    presses: int = 0
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def __call__(self, step: Step, stop: asyncio.Event) -> None:
        """Hire everybody, walk through the history, then through days of the company's own."""
        await self._all(self.company.hire(name) for name in self.history.people)
        deliveries, place = self.told.deliveries, 0
        night = self._night_after(deliveries[0].at)
        while place < len(deliveries):
            if stop.is_set():
                return
            if deliveries[place].at >= night:
                night = await self._idle(night, deliveries[place].at)
            end = place
            while end < len(deliveries) and deliveries[end].at < night:
                end += 1
            await self._day(night, [one.event for one in deliveries[place:end]])
            place = end
            step(place, len(deliveries), f"{night:%Y-%m-%d}")
            night = self._next(night)
        await self._own_days(night)
        step(place, len(deliveries), "done")

    async def _day(self, night: datetime, events: Sequence[Mapping[str, Any]]) -> None:
        """Deliver what comes in before a night, then let the night pay."""
        await self._deliver(night, events)
        await self._pass(night)

    async def _deliver(self, night: datetime, events: Sequence[Mapping[str, Any]]) -> None:
        now = night - _MINUTE
        self.move(now)
        await self._all(
            self.company.deliver(events[first : first + _EVENTS_A_REQUEST], now)
            for first in range(0, len(events), _EVENTS_A_REQUEST)
        )
        await self._digested()

    async def _pass(self, night: datetime) -> None:
        await self.advance(night)
        await self._quiet()
        self.nights += 1

    async def _idle(self, night: datetime, until: datetime) -> datetime:
        """Catch up on nights nobody worked before, in one advance; return the next night."""
        last = self._night_after(until) - _NIGHT
        if self.every_night:
            while night <= last:
                await self._pass(night)
                night = self._next(night)
            return night
        last = self._at_run(last)
        await self._pass(last)
        return self._next(last)

    async def _own_days(self, night: datetime) -> None:
        """Work for some days through the API: draws, the button, completions."""
        chance = random.Random(1)  # noqa: S311 - a demonstration is drawn, not a secret
        manager = await self.company.hire("manager", Role.MANAGER)
        people = [await self.company.hire(f"colleague-{n:02}") for n in range(1, _API_PEOPLE + 1)]
        for number in range(_API_DAYS):
            self.move(night - _MINUTE)
            for task in range(_API_TASKS):
                author = chance.choice([*people, manager])
                await self.company.create(author, f"Task {number}.{task}", f"own-{number}-{task}")
                self.created += 1
            if number % 2:
                await self.company.press(manager, f"press-{number}")
                self.presses += 1
                await self._digested()
            held = await self.company.open_tasks(manager)
            done = [one for one in sorted(held) if chance.random() < 0.7]
            await self._all(self.company.complete(task, person) for task, person in done)
            await self._digested()
            await self._pass(night)
            night = self._next(night)

    def _night_after(self, instant: datetime) -> datetime:
        local = instant.astimezone(self.zone)
        night = datetime.combine(local.date(), RUN_AT, self.zone)
        return self._at_run(night if night > instant else night + _NIGHT)

    def _next(self, night: datetime) -> datetime:
        return self._at_run(night.astimezone(self.zone) + _NIGHT)

    def _at_run(self, night: datetime) -> datetime:
        """Return the run of a local day, whatever the clocks did in between."""
        return datetime.combine(night.astimezone(self.zone).date(), RUN_AT, self.zone)

    async def _quiet(self) -> None:
        """Wait until no message is open and nothing is due."""
        await self._until(lambda left: not left["open"] and not left["due"])

    async def _digested(self) -> None:
        """Wait until no message is open; jobs that are due wait for the night."""
        await self._until(lambda left: not left["open"])

    async def _until(self, holds: Callable[[Mapping[str, int]], bool]) -> None:
        """Look until it holds; a condition, never a pause."""
        loop = asyncio.get_running_loop()
        deadline, wait = loop.time() + _PATIENCE_SECONDS, 0.002
        while not holds(left := await self.look()):
            if loop.time() > deadline:
                raise WentWrong(f"after {_PATIENCE_SECONDS:g} s {left['open']} messages are open")
            await asyncio.sleep(wait)
            wait = min(1.5 * wait, 0.01)

    async def _all(self, work: Iterable[Awaitable[Any]]) -> None:
        async def one(each: Awaitable[Any]) -> None:
            async with self._gate:
                await each

        await asyncio.gather(*(one(each) for each in work))


def earned(
    told: Told, own: Iterable[Mapping[str, Any]], prices: Callable[[UUID], tuple[int, int]]
) -> tuple[dict[UUID, int], set[str], tuple[int, int]]:
    """Fold the facts by hand: what everybody earned, the keys on the books, (fees, rewards).

    The independent answer that the books are held against; `prices` are (fee, reward).
    """
    facts = [(task, f"fee:{task}:{aid}", person, 0) for task, aid, person, _ in told.assignments]
    facts += [(task, f"reward:{task}", person, 1) for task, person, _ in told.completions]
    for row in own:
        data = row["data"]
        task = UUID(data["task_id"])
        if row["name"] == "TaskAssigned":
            key = f"fee:{task}:{data['assignation_id']}"
            facts.append((task, key, UUID(data["assignee_id"]), 0))
        else:
            facts.append((task, f"reward:{task}", UUID(data["completed_by"]), 1))
    people: dict[UUID, int] = {}
    sums = [0, 0]
    for task, _, person, place in facts:
        price = prices(task)[place]
        sums[place] += price
        people[person] = people.get(person, 0) + (price if place else -price)
    return people, {key for _, key, _, _ in facts}, (sums[0], sums[1])
