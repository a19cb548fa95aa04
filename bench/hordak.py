"""Kazna's ledger beside django-hordak (P4), one posting per call on both sides.

hordak is a double-entry ledger on Django: `transfer_to` writes a transaction and two legs. A
posting of Kazna's does the same and keeps a unique operation key, running and day balances, and
writes a message. Once one caller after another, once eight at a time: eight processes of
hordak's, eight callers of `post` in one process of ours.
"""

import asyncio
from time import perf_counter

from tests.servers import Databases

from application.ledger.post import Post
from bench.place import CLIENTS
from bench.posting import a_posting, message_of
from bench.processes import Running, Stage, stage
from bench.rounds import Goal, Side, interleaved, show


def _one_by_one(on: Stage, count: int) -> Side:
    async def side() -> float:
        began = perf_counter()
        for number in range(count):
            posting = a_posting(number, hot=False)
            async with on.here.open_uow() as uow:
                await uow.ledger.post_many([posting])
                uow.messages.add([message_of(posting.key)])
                await uow.commit()
        return count / (perf_counter() - began)

    return side


def _callers(on: Stage, each: int) -> Side:
    async def side() -> float:
        post = Post(on.here.open_uow)

        async def caller(first: int) -> None:
            for step in range(each):
                await post(a_posting(first + step, hot=False))

        began = perf_counter()
        await asyncio.gather(*(caller(each * number) for number in range(CLIENTS)))
        return CLIENTS * each / (perf_counter() - began)

    return side


def _hordak(rivals: list[Running], each: int) -> Side:
    async def side() -> float:
        began = perf_counter()
        await asyncio.gather(*(rival.do(str(each)) for rival in rivals))
        return len(rivals) * each / (perf_counter() - began)

    return side


async def run(*, quick: bool) -> None:
    """Measure and print."""
    rounds, each = (3, 150) if quick else (5, 600)
    async with stage() as on, Databases(on.here.url).fresh() as url:
        preparing = await on.rival("hordak_ledger.py", "prepare", BENCH_DATABASE_URL=url)
        await preparing.ended_well()
        rivals = [
            await on.rival("hordak_ledger.py", "post", BENCH_DATABASE_URL=url)
            for _ in range(CLIENTS)
        ]
        sides = {
            "django-hordak, one process": _hordak(rivals[:1], each),
            "Kazna, one caller": _one_by_one(on, each),
            "django-hordak, eight processes": _hordak(rivals, each // 4),
            "Kazna, eight callers of one process": _callers(on, each),
        }
        rates = await interleaved(sides, rounds)
        for rival in rivals:
            await rival.end()
    names = list(sides)
    show(
        "Durable postings one to one, relative to django-hordak",
        rates,
        [
            Goal("P4 one caller ÷ one process of hordak", names[1], names[0], 4),
            Goal("P4 eight callers ÷ eight processes of hordak", names[3], names[2], 4),
        ],
    )
