"""Reassign-all: from the button to every open task given anew, and to the last fee in the books.

The button is pressed in this process and writes down what is open; one real worker process draws
somebody for every task, keeps the assignment, tells of it, and charges the fee. It charges while it
still draws, so that the larger a shuffle is the more of its fees are in the time it takes: cost is
compared at the last fee. Twice as many tasks are done already, and cost nothing. Two companies of
different size press in turn.
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

from adapters.clock import SystemClock
from adapters.entropy import SystemEntropy
from adapters.metrics.prometheus import PrometheusMetrics
from adapters.postgres.invariants.accounts import check_accounts
from adapters.postgres.unit_of_work import units_of_work
from adapters.redis.bell import RedisBell
from bench.place import a_cause
from bench.processes import Stage, stage, until
from bench.rounds import Rates, interleaved
from entrypoints.tracker import build_tracker

_PEOPLE = """
INSERT INTO person (id, name, email, role, language, is_active, role_version, created_at)
SELECT uuidv7(), 'Worker ' || n, NULL, 'worker', 'en', true, 1, now()
FROM generate_series(1, 500) AS n
"""
_TASKS = """
WITH people AS (SELECT array_agg(id) AS ids FROM person)
INSERT INTO task (id, title, author_id, assignee_id, assignment_no, assignation_id, status, version,
    created_at, completed_at)
SELECT uuidv7(), 'Task ' || n, ids[1], ids[1 + n % 500], 1, uuidv7(),
    CASE n % 3 WHEN 0 THEN 'open' ELSE 'completed' END, 2, now(),
    CASE WHEN n % 3 > 0 THEN now() END
FROM people, generate_series(1, 3 * {open}) AS n;
INSERT INTO task_assignment (task_id, assignment_no, assignation_id, assignee_id, occurred_at)
SELECT id, 1, assignation_id, assignee_id, now() FROM task;
ANALYZE task, task_assignment;
"""
_IS_DONE = "SELECT done_at IS NOT NULL FROM task_batch WHERE id = $1"
# Every movement takes the next number of its wallet, so that nobody has to count the log.
_FEES = "SELECT coalesce(sum(seq), 0)::bigint FROM wallet"
_GIVEN = "SELECT count(*) FROM task_assignment WHERE batch_id = $1"
_LEFT_OVER = (
    "SELECT (SELECT count(*) FROM parked_fact) + (SELECT count(*) FROM dead_fact) "
    "+ (SELECT count(*) FROM message WHERE queue IN ('tasks', 'ledger'))"
)
_PATIENCE_SECONDS = 240
_SECONDS_AT_MOST = 10.0


@dataclass
class _Button:
    """Presses the button at a company, again and again."""

    on: Stage
    tasks: int
    presses: list[float] = field(default_factory=list)
    booked: list[float] = field(default_factory=list)

    async def __call__(self) -> float:
        """Return the tasks given anew per second; the books have followed when it returns."""
        here, clock, entropy = self.on.here, SystemClock(), SystemEntropy()
        bell = RedisBell(self.on.redis.url, metrics=PrometheusMetrics())
        open_uow = units_of_work(here.engine, clock=clock, entropy=entropy, ring=bell.ring)
        button = build_tracker(engine=here.engine, clock=clock, entropy=entropy).reassign
        aim = await here.value(_FEES) + self.tasks
        began = perf_counter()
        async with open_uow() as uow:
            shuffle = await button.within(uow, a_cause())
            await uow.commit()
        pressed = perf_counter() - began

        async def is_done() -> bool:
            return bool(await here.value(_IS_DONE, shuffle.batch_id))

        async def is_booked() -> bool:
            return bool(await here.value(_FEES) == aim)

        await until(is_done, "the shuffle", patience_seconds=_PATIENCE_SECONDS)
        took = perf_counter() - began
        await until(is_booked, "the fees", patience_seconds=_PATIENCE_SECONDS)
        self.presses.append(pressed)
        self.booked.append(perf_counter() - began)
        bell.close()
        given = await here.value(_GIVEN, shuffle.batch_id)
        if (shuffle.tasks, given) != (self.tasks, self.tasks):
            raise RuntimeError(f"{self.tasks} tasks were open, {shuffle.tasks} seen, {given} given")
        return self.tasks / took

    @property
    def seconds_to_books(self) -> float:
        """The median from the button to the last fee; the first press warmed up."""
        return median(self.booked[1:])

    async def check(self) -> None:
        """Refuse to tell of a speed at which the books went wrong or something was left over."""
        async with self.on.here.open_uow() as uow:
            broken = await check_accounts(uow.driver)
        left = await self.on.here.value(_LEFT_OVER)
        if broken or left:
            raise RuntimeError(f"{left} messages or facts are left; broken: {broken[:3]}")

    def tell(self, rate: Rates) -> None:
        """Print what was measured."""
        print(
            f"P14 {self.tasks:,} open tasks: pressed in {median(self.presses[1:]):.2f} s, given in "
            f"{self.tasks / rate.median:.2f} s ({rate.median:,.0f} tasks/s, ± {rate.spread:.0%}), "
            f"fees in the books after {self.seconds_to_books:.1f} s"
        )


async def run(*, quick: bool) -> None:
    """Measure and print."""
    small, large, rounds = (2_000, 10_000, 2) if quick else (20_000, 100_000, 5)
    async with AsyncExitStack() as after:
        buttons = [_Button(await after.enter_async_context(stage()), n) for n in (small, large)]
        for button in buttons:
            await button.on.here.run_sql(_PEOPLE)
            await button.on.here.run_sql(_TASKS.format(open=button.tasks))
            await button.on.worker()
        rates = await interleaved({f"{one.tasks:,}": one for one in buttons}, rounds)
        for button in buttons:
            await button.check()
    few, many = buttons
    for button, rate in zip(buttons, rates.values(), strict=True):
        button.tell(rate)
    cost = many.seconds_to_books / large / (few.seconds_to_books / small)
    took = large / rates[f"{large:,}"].median
    verdict = "reached" if took <= _SECONDS_AT_MOST else "MISSED"
    print(f"P14 cost per task and fee at {large:,} ÷ {small:,}: {cost:.2f}, aimed at 1.2 at most")
    print(f"P14 {large:,} given in {took:.1f} s, aimed at {_SECONDS_AT_MOST:g} at most: {verdict}")
