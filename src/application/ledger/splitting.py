"""Finding the postings of a batch that a floor refuses, without failing their neighbours."""

from collections.abc import Awaitable, Callable, Sequence

from application.ledger.ports import Posted, Refusal
from domain.ledger.errors import FloorBreached
from domain.ledger.posting import Posting

Answers = Sequence[Posted | Refusal]


async def split_on_breach(
    postings: Sequence[Posting], enter: Callable[[Sequence[Posting]], Awaitable[Answers]]
) -> list[Posted | Refusal]:
    """Enter a batch by halves, as long as a half breaches a floor.

    `enter` enters all of its postings or raises FloorBreached and leaves nothing. A batch without
    a breach costs one call; one breach among n costs about two calls per halving.
    """
    try:
        return list(await enter(postings))
    except FloorBreached as breach:
        if len(postings) == 1:
            return [breach]
    half = len(postings) // 2
    earlier = await split_on_breach(postings[:half], enter)
    return earlier + await split_on_breach(postings[half:], enter)
