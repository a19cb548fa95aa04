"""Post to the books: many at once, or one by one while others do the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.group_commit import GroupCommit
from application.ledger.ports import LedgerUnitOfWork, Posted, Refusal
from application.ports import UnitsOfWork
from domain.ledger.errors import FloorBreached, KeyConflict
from domain.ledger.posting import Posting


@dataclass(frozen=True, slots=True)
class PostMany:
    """Enter postings in one transaction: all of them, or none if one is refused."""

    units_of_work: UnitsOfWork[LedgerUnitOfWork]

    async def __call__(self, postings: Sequence[Posting]) -> Sequence[Posted]:
        """Return what was posted, in order; see `Ledger.post_many` for what is refused."""
        async with self.units_of_work() as uow:
            posted = await uow.ledger.post_many(postings)
            await uow.commit()
        return posted


class Post:
    """Enter one posting; concurrent callers share transactions, and fail or succeed alone.

    For postings that are a command of their own. What a use case posts together with other
    changes goes through its own unit of work.
    """

    def __init__(
        self,
        units_of_work: UnitsOfWork[LedgerUnitOfWork],
        *,
        lanes: int = 2,
        capacity: int = 10_000,
    ) -> None:
        self._units_of_work = units_of_work
        self._together: GroupCommit[Posting, Posted] = GroupCommit(
            self._enter, lanes=lanes, capacity=capacity
        )

    async def __call__(self, posting: Posting) -> Posted:
        """Return once the posting is durable.

        KeyConflict: the key belongs to other money. FloorBreached: a limited account would fall
        below its floor. TooBusy: try again later.
        """
        return await self._together(posting)

    async def idle(self) -> None:
        """Wait until nothing is on its way, for an orderly end."""
        await self._together.idle()

    async def _enter(self, postings: Sequence[Posting]) -> Sequence[Posted | Refusal]:
        if len(postings) == 1:
            return [await self._enter_alone(postings[0])]
        async with self._units_of_work() as uow:
            answers = await uow.ledger.try_many(postings)
            await uow.commit()
        return answers

    async def _enter_alone(self, posting: Posting) -> Posted | Refusal:
        """Spare the savepoints: a refusal ends a transaction that holds nothing else."""
        try:
            async with self._units_of_work() as uow:
                [posted] = await uow.ledger.post_many([posting])
                await uow.commit()
        except (KeyConflict, FloorBreached) as refusal:
            return refusal
        return posted
