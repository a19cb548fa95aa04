"""Walk through the week hour by hour: move the clock, let subscribers act, let it settle."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from entrypoints.cli.reconcile import Stretch, compare
from entrypoints.container import Container
from entrypoints.demo.carrier.cast import HOURS, START, Operator
from entrypoints.demo.carrier.company import Company
from entrypoints.demo.carrier.traffic import Traffic
from entrypoints.demo.quiet import Quiet

_AT_ONCE = 16
_HOUR = timedelta(hours=1)
# An operator's report that does not come within a day is looked for in its records of these days.
_RECORDS_REACH_BACK = timedelta(days=3)
_RECORDS_COME_AT = 2


@dataclass(slots=True)
class Walk:
    """One run of the week; `settled` waits for everything, `calm` for what can be done now."""

    company: Company
    container: Container
    cast: Sequence[Operator]
    traffic: Traffic
    advance: Callable[[datetime], Awaitable[int]]
    settled: Quiet
    calm: Quiet
    folder: Path
    found_in_records: Counter[str] = field(default_factory=Counter)
    billed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def __call__(self, step: Callable[[int, int, str], None], stop: asyncio.Event) -> None:
        """Walk every hour; end early when `stop` is set."""
        for hour in range(HOURS):
            if stop.is_set():
                return
            await self._one_hour(hour)
            step(hour + 1, HOURS, f"{START + hour * _HOUR:%a %d %H:00}")
        for operator in self.cast:
            await self.company.calm_down(operator)
        await self.advance(START + HOURS * _HOUR)
        await self.settled()
        await self._compare(START + (HOURS + 1) * _HOUR, whole_week=True)
        await self.settled()

    async def _one_hour(self, hour: int) -> None:
        now = START + hour * _HOUR
        await self.advance(now)
        wait = self.calm if self._is_out(now) else self.settled
        await wait()
        said_at = now.isoformat()
        await self._all(self.company.order(one, said_at) for one in self.traffic.orders[hour])
        await self._all(self.company.stop(one) for one in self.traffic.stops[hour])
        await wait()
        if now.hour == _RECORDS_COME_AT:
            await self._compare(now)
            await wait()

    def _is_out(self, now: datetime) -> bool:
        """Tell whether an operator serves nobody: what waits for it cannot be waited for."""
        return any(
            datetime.fromisoformat(outage["from"]) <= now < datetime.fromisoformat(outage["to"])
            for operator in self.cast
            for outage in operator.conditions.get("outages", ())
        )

    async def _compare(self, until: datetime, *, whole_week: bool = False) -> None:
        """Read the operators' records of the last days, and settle what only they know."""
        since = START if whole_week else max(START, until - _RECORDS_REACH_BACK)
        for operator in self.cast:
            await self._read_on(operator)
            file = self.folder / f"records-{operator.code}.jsonl"
            lines = (
                json.dumps(line)
                for line in self.billed[operator.code]
                if datetime.fromisoformat(line["at"]) >= since
            )
            file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            margin = timedelta(0) if whole_week else _HOUR
            stretch = Stretch(operator.code, since, until, margin)
            self.found_in_records += await compare(
                self.container, file, stretch, step=lambda done, lines: None
            )

    async def _read_on(self, operator: Operator) -> None:
        known = self.billed.setdefault(operator.code, [])
        place = self._places.get(operator.code, 0)
        new, self._places[operator.code] = await self.company.billing(operator, place)
        known += new

    async def _all(self, work: Iterable[Awaitable[None]]) -> None:
        async def one(each: Awaitable[None]) -> None:
            async with self._gate:
                await each

        await asyncio.gather(*(one(each) for each in work))
