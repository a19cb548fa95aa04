"""Posting (P1-P3): Kazna's ledger beside pgbench and an ORM, with the same durable effect.

A posting is an operation with a unique key, two entries, two running and two day balances and a
message row. pgbench calls one plpgsql function per posting (`plain.sql`), written by hand and
without Kazna's guards; the ORM writes the same rows one object at a time.
"""

import asyncio
from time import perf_counter
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from adapters.postgres.engine import async_url
from application.ledger.post import Post
from application.ports import NewMessage
from bench.place import CLIENTS, START, Place, a_cause, place, with_plain
from bench.rounds import Goal, Side, interleaved, show
from domain.ledger.chart import company, gateway_clearing, wallet
from domain.ledger.posting import Posting, credit, debit
from domain.shared.ids import OperationId
from domain.shared.money import Currency, Money

RUB = Currency("RUB")
AMOUNT = Money(100, RUB)
BATCH = 1000
CALLERS = 64
LANES = 4
_SCRIPT = """
\\set a random(1, 10000)
SELECT plain.post(plain.account_at(:a), plain.account_at(:a + 10000), 100);
"""


def a_posting(number: int, *, hot: bool) -> Posting:
    """Return a posting between two wallets of many, or between two company accounts."""
    if hot:
        entries = (
            debit(gateway_clearing("bench", RUB), AMOUNT),
            credit(company("subscription_revenue", RUB), AMOUNT),
        )
    else:
        entries = (
            debit(wallet(UUID(int=number % 10_000 + 1), RUB), AMOUNT),
            credit(wallet(UUID(int=number % 10_000 + 10_001), RUB), AMOUNT),
        )
    return Posting(
        key=f"bench:{uuid4()}",
        kind="charge_captured",
        entries=entries,
        occurred_at=START,
        cause=a_cause(),
    )


def message_of(key: str) -> NewMessage:
    return NewMessage(queue="ledger", name="ledger.operation_posted.v1", payload={"key": key})


def _bulk(here: Place, batches: int, *, hot: bool) -> Side:
    async def side() -> float:
        made = [[a_posting(b * BATCH + i, hot=hot) for i in range(BATCH)] for b in range(batches)]
        lanes = [made[lane::LANES] for lane in range(LANES)]

        async def one(postings: list[Posting]) -> None:
            async with here.open_uow() as uow:
                await uow.ledger.post_many(postings)
                uow.messages.add(message_of(posting.key) for posting in postings)
                await uow.commit()

        async def lane(mine: list[list[Posting]]) -> None:
            for batch in mine:
                await one(batch)

        began = perf_counter()
        await asyncio.gather(*(lane(mine) for mine in lanes))
        return batches * BATCH / (perf_counter() - began)

    return side


def _callers(here: Place, each: int, *, hot: bool, waits: list[float]) -> Side:
    async def side() -> float:
        post = Post(here.open_uow)
        made = [
            [a_posting(number * each + step, hot=hot) for step in range(each)]
            for number in range(CALLERS)
        ]

        async def caller(mine: list[Posting]) -> None:
            for posting in mine:
                began = perf_counter()
                await post(posting)
                waits.append(perf_counter() - began)

        began = perf_counter()
        await asyncio.gather(*(caller(mine) for mine in made))
        return CALLERS * each / (perf_counter() - began)

    return side


async def _orm(here: Place, each: int) -> Side:
    engine = create_async_engine(async_url(here.url), pool_size=CLIENTS)

    class Base(DeclarativeBase):
        pass

    async with engine.connect() as connection:
        from sqlalchemy.ext.automap import automap_base

        base = automap_base(declarative_base=Base)
        await connection.run_sync(lambda sync: base.prepare(sync, schema="plain"))
    kinds = base.classes

    async def one(number: int) -> None:
        async with AsyncSession(engine) as session, session.begin():
            new = OperationId(uuid4())
            day = START.date()
            sides = [(number % 10_000 + 1, 100), (number % 10_000 + 10_001, -100)]
            session.add(
                kinds.operation(
                    id=new, key=f"capture:{new}", kind="charge_captured", occurred_at=START,
                    value_date=day, posting_date=day, entry_count=2, actor="job:bench",
                    reason="measured", correlation_id=new, attempt_id=new, invoice_id=new,
                )
            )  # fmt: skip
            await session.flush()
            for seq, (account, amount) in enumerate(sides, start=1):
                key = UUID(int=account)
                session.add(
                    kinds.entry(
                        operation_id=new, seq=seq, account_id=key, amount_minor=amount,
                        currency="RUB", posting_date=day,
                    )
                )  # fmt: skip
                where = kinds.balance.account_id == key
                found = await session.execute(select(kinds.balance).where(where).with_for_update())
                found.scalar_one().balance_minor += amount
                kept = await session.get(kinds.day_balance, (key, day), with_for_update=True)
                if kept is None:
                    session.add(
                        kinds.day_balance(
                            account_id=key, day=day, debit_minor=max(amount, 0),
                            credit_minor=max(-amount, 0), entries=1,
                        )
                    )  # fmt: skip
                else:
                    kept.debit_minor += max(amount, 0)
                    kept.credit_minor += max(-amount, 0)
                    kept.entries += 1
            session.add(
                kinds.message(queue="ledger", name="ledger.operation_posted.v1", payload={})
            )

    async def side() -> float:
        async def client(number: int) -> None:
            for step in range(each):
                await one(number * each + step)

        began = perf_counter()
        await asyncio.gather(*(client(number) for number in range(CLIENTS)))
        return CLIENTS * each / (perf_counter() - began)

    return side


async def run(*, quick: bool) -> None:
    """Measure and print."""
    rounds, seconds, batches, each = (3, 1, 5, 30) if quick else (5, 3, 20, 150)
    waits: dict[bool, list[float]] = {False: [], True: []}
    async with place() as here:
        await with_plain(here)

        async def pgbench() -> float:
            return await here.pgbench(_SCRIPT, seconds=seconds)

        sides: dict[str, Side] = {
            "pgbench, one function call per posting": pgbench,
            "SQLAlchemy ORM, object by object": await _orm(here, each // 3),
            "Kazna, 1000 per statement, cold": _bulk(here, batches, hot=False),
            "Kazna, 1000 per statement, hot": _bulk(here, batches, hot=True),
            "Kazna, 64 callers of post, cold": _callers(here, each, hot=False, waits=waits[False]),
            "Kazna, 64 callers of post, hot": _callers(here, each, hot=True, waits=waits[True]),
        }
        rates = await interleaved(sides, rounds)
    names = list(sides)
    show(
        "Durable postings, relative to pgbench",
        rates,
        [
            Goal("P1 bulk ÷ pgbench", names[2], names[0], 4.5),
            Goal("P1 bulk ÷ ORM", names[2], names[1], 60),
            Goal("P2 64 callers ÷ pgbench, cold", names[4], names[0], 1.5),
            Goal("P2 64 callers ÷ pgbench, hot", names[5], names[0], 4),
            Goal("P3 hot company account ÷ cold", names[3], names[2], 0.9),
        ],
    )
    for hot, word in ((False, "cold"), (True, "hot")):
        ordered = sorted(waits[hot])
        p99 = 1000 * ordered[int(0.99 * len(ordered))]
        print(f"P2 wait of a caller, {word}: p99 {p99:.0f} ms, aimed at 25 ms")
