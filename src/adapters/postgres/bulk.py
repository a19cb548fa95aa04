"""Set-based writes: many rows in one round trip, whatever their number.

The statements are built once per table from its own definition and take one array per column.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import asyncpg
import msgspec
from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

Row = Mapping[str, Any]
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def _type_of(column: "Column[Any]") -> str:
    return str(column.type.compile(dialect=_DIALECT))


def _is_json(column: "Column[Any]") -> bool:
    return isinstance(column.type, postgresql.JSONB)


def _unnest(table: Table, names: Sequence[str]) -> str:
    arrays = ", ".join(
        f"${position}::{'text' if _is_json(table.c[name]) else _type_of(table.c[name])}[]"
        for position, name in enumerate(names, start=1)
    )
    return f"unnest({arrays}) AS given({', '.join(names)})"


def _given(table: Table, name: str) -> str:
    return f"given.{name}::jsonb" if _is_json(table.c[name]) else f"given.{name}"


def columns_of(table: Table, names: Sequence[str], rows: Sequence[Row]) -> list[list[Any]]:
    """Turn rows into one list per column, with JSON encoded."""
    return [
        [None if row[name] is None else msgspec.json.encode(row[name]).decode() for row in rows]
        if _is_json(table.c[name])
        else [row[name] for row in rows]
        for name in names
    ]


@lru_cache(maxsize=256)
def _insert_sql(table: Table, names: tuple[str, ...], suffix: str) -> str:
    return (
        f"INSERT INTO {table.fullname} ({', '.join(names)}) "  # noqa: S608
        f"SELECT {', '.join(_given(table, name) for name in names)} "
        f"FROM {_unnest(table, names)} {suffix}"
    )


async def insert_many(
    driver: asyncpg.Connection, table: Table, rows: Sequence[Row], suffix: str = ""
) -> list[Any]:
    """Insert rows that all have the same columns; `suffix` may hold ON CONFLICT and RETURNING."""
    if not rows:
        return []
    names = tuple(rows[0])
    sql = _insert_sql(table, names, suffix)
    return list(await driver.fetch(sql, *columns_of(table, names, rows)))


@lru_cache(maxsize=256)
def _update_sql(table: Table, names: tuple[str, ...]) -> str:
    changes = ", ".join(f"{name} = {_given(table, name)}" for name in names if name != "id")
    arrays = _unnest(table, names).removesuffix(")")
    versions = f"${len(names) + 1}::integer[]"
    source = arrays.replace(") AS given(", f", {versions}) AS given(") + ", was)"
    return (
        f"UPDATE {table.fullname} AS kept SET {changes} "  # noqa: S608
        f"FROM {source} WHERE kept.id = given.id AND kept.version = given.was RETURNING kept.id"
    )


async def update_many(
    driver: asyncpg.Connection, table: Table, rows: Sequence[Row], was: Sequence[int]
) -> set[Any]:
    """Update rows by id whose stored version is what it was; return the ids that were."""
    if not rows:
        return set()
    names = tuple(rows[0])
    found = await driver.fetch(_update_sql(table, names), *columns_of(table, names, rows), was)
    return {row["id"] for row in found}
