"""From an event of a task to its committed posting, through one real worker process.

Every task is given to somebody and completed: two events, a fee and a reward. Kazna: envelopes
come as messages; `kazna worker` prices the task, applies the fact to its state machine, posts, and
enters the movement in the person's log and day. Celery: a task per event makes one call of a
function that writes the price, the two entries and the balance alone. Both are timed from the first
event that is sent to the last posting that is committed. pgbench is told nothing and sends nothing:
it calls the function, eight clients at once, a transaction per event.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from adapters.clock import SystemClock
from adapters.entropy import SystemEntropy
from adapters.metrics.prometheus import PrometheusMetrics
from adapters.postgres.invariants.accounts import check_accounts
from adapters.postgres.unit_of_work import units_of_work
from adapters.redis.bell import RedisBell
from application.ledger.task_events import TASK_EVENT
from application.ports import NewMessage
from bench.place import Place
from bench.processes import Stage, stage, until
from bench.rounds import Goal, interleaved, show

PEOPLE = 1_000
_TASKS_PER_COMMIT = 250
_PLAIN = """
\\set task random(1, 9000000000000000000)
\\set person random(1, 1000)
SELECT plain.take_fact('TaskAssigned', plain.task_at(:task), plain.person_at(:person));
SELECT plain.take_fact('TaskCompleted', plain.task_at(:task), plain.person_at(:person));
"""
_EVENTS_PER_SCRIPT = 2
_WALLETS = """
INSERT INTO plain.wallet (person_id, currency, balance_minor, carry_minor, seq, is_held)
SELECT plain.person_at(n), 'USD', 0, 0, 0, false FROM generate_series(1, 1000) AS n
"""
# Every movement takes the next number of its wallet, so that nobody has to count the log.
_OUR_POSTINGS = "SELECT coalesce(sum(seq), 0)::bigint FROM wallet"
_THEIR_POSTINGS = "SELECT sum(seq)::bigint FROM plain.wallet"
_LEFT_OVER = (
    "SELECT (SELECT count(*) FROM parked_fact) + (SELECT count(*) FROM dead_fact) "
    "+ (SELECT count(*) FROM message WHERE queue = 'ledger')"
)
_CELERY = ("--pool", "threads", "--concurrency", "8", "--without-gossip", "--without-mingle")


def _life(number: int) -> Iterable[dict[str, Any]]:
    """Return the envelopes of a task that somebody was given and completed."""
    task_id, person = str(uuid4()), str(UUID(int=1 + number % PEOPLE))
    now = datetime.now(UTC).isoformat()
    told = {
        "TaskAssigned": {
            "assignment_no": 1,
            "assignation_id": str(uuid4()),
            "assignee_id": person,
            "previous_assignee_id": None,
            "batch_id": None,
        },
        "TaskCompleted": {"completed_by": person, "assignment_no": 1, "completed_at": now},
    }
    for version, (name, data) in enumerate(told.items(), start=1):
        yield {
            "event_id": str(uuid4()),
            "event_name": name,
            "event_version": 2,
            "event_time": now,
            "occurred_at": now,
            "producer": "bench",
            "aggregate_id": task_id,
            "aggregate_version": version,
            "correlation_id": task_id,
            "causation_id": None,
            "data": {"task_id": task_id, "title": f"Measure {number}", **data},
        }


def _messages(tasks: Iterable[int]) -> Iterable[NewMessage]:
    for number in tasks:
        for envelope in _life(number):
            yield NewMessage(
                queue="ledger",
                name=TASK_EVENT,
                payload=envelope,
                correlation_id=UUID(envelope["event_id"]),
            )


async def _kazna(on: Stage, bell: RedisBell, tasks: int) -> float:
    open_uow = units_of_work(
        on.here.engine, clock=SystemClock(), entropy=SystemEntropy(), ring=bell.ring
    )
    aim = await on.here.value(_OUR_POSTINGS) + 2 * tasks

    async def all_posted() -> bool:
        return bool(await on.here.value(_OUR_POSTINGS) == aim)

    began = perf_counter()
    for start in range(0, tasks, _TASKS_PER_COMMIT):
        async with open_uow() as uow:
            uow.messages.add(_messages(range(start, min(start + _TASKS_PER_COMMIT, tasks))))
            await uow.commit()
    await until(all_posted, "Kazna's postings", patience_seconds=180)
    return 2 * tasks / (perf_counter() - began)


async def _check(here: Place) -> None:
    """Refuse to tell of a speed at which the books went wrong or something was left over."""
    async with here.open_uow() as uow:
        broken = [one.detail for one in await check_accounts(uow.driver)]
    left = await here.value(_LEFT_OVER)
    if broken or left:
        raise RuntimeError(f"{left} facts were not entered; what does not hold: {broken}")


async def run(*, quick: bool) -> None:
    """Measure and print."""
    rounds, seconds, ours, theirs = (3, 1, 1_500, 200) if quick else (5, 3, 10_000, 1_000)
    async with stage() as on:
        await on.here.run_sql((Path(__file__).parent / "plain_facts.sql").read_text())
        await on.here.run_sql(_WALLETS)
        await on.worker()
        sender = await on.rival("celery_facts.py")
        tasks = await on.rival("-m", "celery", "-A", "celery_facts", "worker", *_CELERY)
        bell = RedisBell(on.redis.url, metrics=PrometheusMetrics())

        async def pgbench() -> float:
            return _EVENTS_PER_SCRIPT * await on.here.pgbench(_PLAIN, seconds=seconds)

        async def celery() -> float:
            aim = await on.here.value(_THEIR_POSTINGS) + 2 * theirs

            async def all_posted() -> bool:
                return bool(await on.here.value(_THEIR_POSTINGS) == aim)

            began = perf_counter()
            sending = asyncio.create_task(sender.do(str(theirs)))
            await until(all_posted, f"Celery's postings; see {tasks.log}", patience_seconds=180)
            await sending
            return 2 * theirs / (perf_counter() - began)

        sides = {
            "pgbench, a transaction per event": pgbench,
            "Celery, one task per event": celery,
            "Kazna, one worker process": lambda: _kazna(on, bell, ours),
        }
        rates = await interleaved(sides, rounds)
        bell.close()
        await _check(on.here)
    plain, per_event, kazna = sides
    show(
        "Event of a task to committed posting",
        rates,
        [
            Goal("P13 facts ÷ pgbench one by one", kazna, plain, 1),
            Goal("P13 facts ÷ Celery", kazna, per_event, 5),
        ],
    )
    for name, one in rates.items():
        print(f"P13 {name}: {one.median:,.0f} events/s")
