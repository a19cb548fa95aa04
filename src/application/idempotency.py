"""Commands from outside under a key: the same request answers the same, and acts once.

The key's row commits with the effect. While a request with the key runs, another one is told to
come back; a key that comes with another request is refused. What is refused leaves no row.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from application.errors import ApplicationError
from application.ports import JsonObject, UnitOfWork, UnitsOfWork
from domain.shared.errors import DomainError


class KeyReused(DomainError):
    """The idempotency key was used for another request."""

    code = "idempotency_key_reused"


class StillRunning(ApplicationError):
    """A request with this key is being carried out right now."""

    code = "still_running"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """Who used which key for what; `request_hash` covers method, route and body."""

    actor: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """A status and a body that are given again; `provisional` until the last step is done."""

    status: int
    body: JsonObject
    provisional: bool = False


class AnswerBook(Protocol):
    """Keys and their answers, in one transaction."""

    async def open(self, key: IdempotencyKey) -> KeptAnswer | None:
        """Hold the key to the end of the transaction and return what was answered before.

        Raises StillRunning and KeyReused.
        """
        ...

    async def keep(self, key: IdempotencyKey, answer: KeptAnswer) -> None:
        """Insert the answer, or replace a provisional one."""
        ...


class IdempotentUnitOfWork(UnitOfWork, Protocol):
    """A transaction that knows keys."""

    @property
    def answers(self) -> AnswerBook:
        """Keys and their answers."""
        ...


async def once(
    units_of_work: UnitsOfWork[Any],
    key: IdempotencyKey,
    work: Callable[[Any], Awaitable[KeptAnswer]],
) -> tuple[KeptAnswer, bool]:
    """Do the work in one transaction with its key; return the answer and whether it is old."""
    async with units_of_work() as uow:
        before: KeptAnswer | None = await uow.answers.open(key)
        if before is not None:
            return before, True
        answer = await work(uow)
        await uow.answers.keep(key, answer)
        await uow.commit()
    return answer, False


async def complete(
    units_of_work: UnitsOfWork[Any], key: IdempotencyKey, answer: KeptAnswer
) -> None:
    """Replace a provisional answer by the final one."""
    async with units_of_work() as uow:
        await uow.answers.keep(key, answer)
        await uow.commit()
