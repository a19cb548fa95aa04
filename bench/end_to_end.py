"""From a message row to a committed posting (P7), through one real worker process.

Every posting is on one hot account. Kazna: rows are written, bells ring, `kazna worker` claims
batches and posts them. Celery: a task is sent per message, one worker process with eight threads
makes one call of the plain function for each. Both are timed from the first that is sent to the
last that is committed. pgbench is told nothing and sends nothing: it calls the function, eight
clients at once.
"""

import asyncio
from time import perf_counter
from uuid import UUID, uuid4

from adapters.clock import SystemClock
from adapters.entropy import SystemEntropy
from adapters.metrics.prometheus import PrometheusMetrics
from adapters.postgres.unit_of_work import units_of_work
from adapters.redis.bell import RedisBell
from application.ports import NewMessage
from bench.place import with_plain
from bench.processes import Stage, stage, until
from bench.rounds import Goal, interleaved, show
from bench.worker import AMOUNT, HOT, POST

_WALLETS = 10_000
_ROWS_PER_COMMIT = 1000
_COLD = """
\\set a random(1, 10000)
SELECT plain.post(plain.account_at(:a), plain.account_at(:a + 10000), 100);
"""
_HOT = """
\\set a random(2, 10001)
SELECT plain.post(plain.account_at(1), plain.account_at(:a), 100);
"""
_OUR_BALANCE = (
    "SELECT coalesce(sum(balance_minor), 0)::bigint FROM account_balance WHERE account_id = $1"
)
_THEIR_BALANCE = "SELECT balance_minor FROM plain.balance WHERE account_id = plain.account_at(1)"
_CELERY = ("--pool", "threads", "--concurrency", "8", "--without-gossip", "--without-mingle")


async def _kazna(on: Stage, bell: RedisBell, count: int) -> float:
    open_uow = units_of_work(
        on.here.engine, clock=SystemClock(), entropy=SystemEntropy(), ring=bell.ring
    )
    aim = await on.here.value(_OUR_BALANCE, HOT.id) + count * AMOUNT.amount_minor

    async def all_posted() -> bool:
        return bool(await on.here.value(_OUR_BALANCE, HOT.id) == aim)

    began = perf_counter()
    for start in range(0, count, _ROWS_PER_COMMIT):
        rows = min(_ROWS_PER_COMMIT, count - start)
        async with open_uow() as uow:
            uow.messages.add(
                NewMessage(
                    queue="ledger",
                    name=POST,
                    payload={
                        "key": str(uuid4()),
                        "owner": str(UUID(int=(start + number) % _WALLETS + 1)),
                    },
                )
                for number in range(rows)
            )
            await uow.commit()
    await until(all_posted, "Kazna's postings", patience_seconds=120)
    return count / (perf_counter() - began)


async def run(*, quick: bool) -> None:
    """Measure and print."""
    rounds, seconds, ours, theirs = (3, 1, 5_000, 300) if quick else (5, 3, 30_000, 2_000)
    async with stage() as on:
        await with_plain(on.here)
        await on.worker()
        sender = await on.rival("celery_sender.py")
        tasks = await on.rival("-m", "celery", "-A", "celery_tasks", "worker", *_CELERY)
        bell = RedisBell(on.redis.url, metrics=PrometheusMetrics())

        async def celery() -> float:
            aim = await on.here.value(_THEIR_BALANCE) + 100 * theirs

            async def all_posted() -> bool:
                return bool(await on.here.value(_THEIR_BALANCE) == aim)

            began = perf_counter()
            sending = asyncio.create_task(sender.do(str(theirs)))
            await until(all_posted, f"Celery's postings; see {tasks.log}", patience_seconds=120)
            await sending
            return theirs / (perf_counter() - began)

        sides = {
            "pgbench, one function call per posting": lambda: on.here.pgbench(
                _COLD, seconds=seconds
            ),
            "pgbench, the same on one hot account": lambda: on.here.pgbench(_HOT, seconds=seconds),
            "Celery, one task per message": celery,
            "Kazna, one worker process": lambda: _kazna(on, bell, ours),
        }
        rates = await interleaved(sides, rounds)
        bell.close()
    names = list(sides)
    show(
        "Message row to committed posting, every posting on one hot account",
        rates,
        [
            Goal("P7 ÷ pgbench one by one", names[3], names[0], 2),
            Goal("P7 ÷ pgbench on one hot account", names[3], names[1], 2),
            Goal("P7 ÷ Celery", names[3], names[2], 15),
        ],
    )
