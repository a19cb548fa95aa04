"""An emulator's state: one SQLite file, one connection, one writer."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_COMMON: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
"""
_PRAGMAS: Final = (
    "locking_mode=EXCLUSIVE",
    "journal_mode=WAL",
    "synchronous=OFF",
    "cache_size=-32768",
    "temp_store=MEMORY",
)


class Store:
    """The open file; `tables` are its definitions, made where they are not there yet.

    Tables named in `numbered` share one sequence, which survives `empty`; those in `emptied`, all
    with what they hold, do not. Every file has `meta` and `counter` besides.
    Calls are synchronous and short: the event loop is the lock. The file belongs to one process at
    a time: a second opener gets `RuntimeError`. Commits are
    not forced to the disk: a killed process loses nothing, a killed machine may.
    """

    def __init__(
        self, path: Path, *, tables: str, numbered: Sequence[str], emptied: Sequence[str]
    ) -> None:
        self._path = path
        self._tables = tables
        self._numbered = numbered
        self._emptied = (*emptied, "counter")
        self._db: sqlite3.Connection | None = None
        self._number = 0

    @property
    def db(self) -> sqlite3.Connection:
        assert self._db is not None, "the store is not open"
        return self._db

    def open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(
            self._path,
            timeout=0.5,
            isolation_level=None,
            cached_statements=256,
            check_same_thread=False,
        )
        try:
            for pragma in _PRAGMAS:
                self.db.execute(f"PRAGMA {pragma}")
            self.db.executescript(_COMMON + self._tables)
        except sqlite3.OperationalError as error:
            self.close()
            raise RuntimeError(f"{self._path} cannot be opened: {error}") from error
        latest = (self.one(f"SELECT max(number) FROM {table}") for table in self._numbered)  # noqa: S608
        self._number = max(int(self.meta("number") or 0), *(row[0] or 0 for row in latest if row))

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def next_number(self) -> int:
        """Return a number never used before for anything in this file."""
        self._number += 1
        return self._number

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what happens inside, or nothing of it."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def one(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self.db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.db.execute(sql, values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        return self.db.execute(sql, values).rowcount

    def meta(self, name: str) -> str | None:
        row = self.one("SELECT value FROM meta WHERE name = ?", name)
        return row[0] if row else None

    def set_meta(self, name: str, value: str) -> None:
        self.run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", name, value)

    def count(self, **added: int) -> None:
        """Add to counters that outlive the process."""
        for name, n in added.items():
            self.run(
                "INSERT INTO counter (name, n) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET n = n + excluded.n",
                name,
                n,
            )

    def empty(self) -> None:
        """Forget every object; numbers, and so ids, are not used again."""
        with self.transaction():
            self.set_meta("number", str(self._number))
            for table in self._emptied:
                self.run(f"DELETE FROM {table}")  # noqa: S608
