"""What every repository of aggregates does: remember loaded versions, save under them.

An aggregate may move several times between load and save; what counts is that the row is still
the one that was loaded.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import asyncpg
from sqlalchemy import Table

from adapters.postgres.bulk import insert_many, update_many
from application.errors import StaleVersion, Unreadable
from domain.shared.errors import DomainError
from domain.shared.names import snake


class Versioned(Protocol):
    """An aggregate with an id and an optimistic version."""

    @property
    def id(self) -> Any:
        """The key."""
        ...

    @property
    def version(self) -> int:
        """How often it was saved."""
        ...


A = TypeVar("A", bound=Versioned)


class Rows(Generic[A]):
    """Rows of one aggregate type, in one transaction."""

    def __init__(
        self,
        driver: asyncpg.Connection,
        table: Table,
        to_row: Callable[[A], Mapping[str, Any]],
        from_row: Callable[[Mapping[str, Any]], A],
    ) -> None:
        self._driver = driver
        self._table = table
        self._to_row = to_row
        self._from_row = from_row
        self._loaded: dict[Hashable, int] = {}

    async def load(self, where: str, *values: Any) -> list[A]:
        """Select by a condition over `$1…`, which may end in ORDER BY, LIMIT and FOR UPDATE."""
        sql = f"SELECT * FROM {self._table.fullname} WHERE {where}"  # noqa: S608
        found = [self._read(row) for row in await self._driver.fetch(sql, *values)]
        self._loaded.update((item.id, item.version) for item in found)
        return found

    def _read(self, row: Mapping[str, Any]) -> A:
        try:
            return self._from_row(row)
        except (DomainError, TypeError, ValueError, KeyError) as error:
            raise Unreadable(self._table.name, row["id"]) from error

    async def by_id(self, ids: Sequence[Any], *, lock: bool = False) -> dict[Any, A]:
        """Load by id, in the order of ids, so that two transactions never wait for each other."""
        if not ids:
            return {}
        tail = "ORDER BY id FOR UPDATE" if lock else ""
        return {item.id: item for item in await self.load(f"id = ANY($1) {tail}", list(ids))}

    async def add(self, items: Sequence[A], suffix: str = "") -> list[Any]:
        """Insert."""
        self._loaded.update((item.id, item.version) for item in items)
        return await insert_many(
            self._driver, self._table, [self._to_row(item) for item in items], suffix
        )

    async def save(self, items: Sequence[A]) -> None:
        """Update; of several states of one aggregate the last counts. Raise StaleVersion."""
        latest = {item.id: item for item in items}
        changed = [item for item in latest.values() if item.version != self._loaded.get(item.id)]
        was = [self._loaded.get(item.id, item.version - 1) for item in changed]
        rows = [self._to_row(item) for item in changed]
        saved = await update_many(self._driver, self._table, rows, was)
        for item in changed:
            if item.id not in saved:
                raise StaleVersion(self._table.name, item.id)
            self._loaded[item.id] = item.version


def states(*classes: type) -> dict[str, type]:
    """Index state classes by the status name they are stored under."""
    return {snake(cls): cls for cls in classes}
