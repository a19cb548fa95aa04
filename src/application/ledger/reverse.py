"""Reverse operations: the mirror is posted, the operation stays as it was."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.errors import NotFound
from application.ledger.ports import LedgerUnitOfWork, Posted
from application.ports import Clock, UnitsOfWork
from domain.ledger.posting import reversal
from domain.shared.facts import Cause
from domain.shared.ids import OperationId


@dataclass(frozen=True, slots=True)
class ReverseOperation:
    """Take back what an operation moved; `cause` says who wants it and why."""

    operation_id: OperationId
    cause: Cause


@dataclass(frozen=True, slots=True)
class ReverseOperations:
    """Reverse operations, each at most once; a second reversal answers with the first."""

    units_of_work: UnitsOfWork[LedgerUnitOfWork]
    clock: Clock

    async def __call__(self, commands: Sequence[ReverseOperation]) -> Sequence[Posted]:
        """Return the reversals in order.

        NotFound: there is no such operation. NotReversible: it is a reversal itself.
        FloorBreached: the money was spent meanwhile. In each case nothing is reversed.
        """
        async with self.units_of_work() as uow:
            found = await uow.ledger.operations([c.operation_id for c in commands])
            mirrors = []
            for command in commands:
                if command.operation_id not in found:
                    raise NotFound("operation", command.operation_id)
                mirrors.append(
                    reversal(
                        found[command.operation_id],
                        occurred_at=self.clock.now(),
                        cause=command.cause,
                    )
                )
            posted = await uow.ledger.post_many(mirrors)
            await uow.commit()
        return posted
