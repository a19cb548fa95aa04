"""The emulator's state: one SQLite file, one connection, one writer."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from entrypoints.sandbox.yookassa.ids import new_salt

# Every object has a number from one sequence and one document: its JSON as the API shows it, and
# what the API does not show. The narrow tables beside it hold what is searched and summed.
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS document (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL, body BLOB NOT NULL, hidden BLOB
);
CREATE TABLE IF NOT EXISTS payment (
  number INTEGER PRIMARY KEY, status TEXT NOT NULL, method TEXT, currency TEXT NOT NULL,
  created_ms INTEGER NOT NULL, captured_ms INTEGER, deadline_ms INTEGER,
  amount_minor INTEGER NOT NULL,
  refunded_minor INTEGER NOT NULL DEFAULT 0, held_minor INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS payment_created
  ON payment (created_ms, number, captured_ms, status, method);
CREATE INDEX IF NOT EXISTS payment_unsettled
  ON payment (status, created_ms, number) WHERE status <> 'succeeded';
CREATE INDEX IF NOT EXISTS payment_deadline ON payment (deadline_ms) WHERE deadline_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS refund (
  number INTEGER PRIMARY KEY, payment INTEGER NOT NULL, payment_id TEXT NOT NULL,
  status TEXT NOT NULL, currency TEXT NOT NULL, created_ms INTEGER NOT NULL,
  amount_minor INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS refund_created ON refund (created_ms, number);
CREATE INDEX IF NOT EXISTS refund_payment ON refund (payment_id, created_ms, number);
CREATE TABLE IF NOT EXISTS method (
  number INTEGER PRIMARY KEY, status TEXT NOT NULL, card TEXT, charges INTEGER NOT NULL DEFAULT 0,
  deadline_ms INTEGER
);
CREATE INDEX IF NOT EXISTS method_deadline ON method (deadline_ms) WHERE deadline_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS listed (
  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, created_ms INTEGER NOT NULL, owner TEXT
);
CREATE INDEX IF NOT EXISTS listed_kind ON listed (kind, created_ms, number);
CREATE TABLE IF NOT EXISTS idempotence (
  number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, digest BLOB NOT NULL,
  answered INTEGER NOT NULL, at_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS notification (
  number INTEGER PRIMARY KEY, state TEXT NOT NULL, url TEXT NOT NULL, event TEXT NOT NULL,
  body BLOB NOT NULL, born_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
  due_machine REAL NOT NULL, failures INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS notification_later ON notification (due_ms) WHERE state = 'later';
CREATE INDEX IF NOT EXISTS notification_queued
  ON notification (due_machine, number) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS notification_sending ON notification (number) WHERE state = 'sending';
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
"""
_NUMBERED: Final = ("document", "idempotence", "notification")
_EMPTIED: Final = (
    "document",
    "payment",
    "refund",
    "method",
    "listed",
    "idempotence",
    "notification",
    "counter",
)

_PRAGMAS: Final = (
    "locking_mode=EXCLUSIVE",
    "journal_mode=WAL",
    "synchronous=OFF",
    "cache_size=-32768",
    "temp_store=MEMORY",
)


class Store:
    """The open file.

    Calls are synchronous and short: the event loop is the lock. The file belongs to one process at
    a time: a second opener gets `RuntimeError`. Commits are
    not forced to the disk: a killed process loses nothing, a killed machine may.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._number = 0
        self.salt = ""
        self.longest_capture_ms = 0

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
            self.db.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            self.close()
            raise RuntimeError(f"{self._path} cannot be opened: {error}") from error
        latest = (self.one(f"SELECT max(number) FROM {table}") for table in _NUMBERED)  # noqa: S608
        self._number = max(int(self.meta("number") or 0), *(row[0] or 0 for row in latest if row))
        self.salt = self.meta("salt") or new_salt()
        self.set_meta("salt", self.salt)
        longest = self.one("SELECT max(captured_ms - created_ms) FROM payment")
        self.longest_capture_ms = (longest and longest[0]) or 0

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
            for table in _EMPTIED:
                self.run(f"DELETE FROM {table}")  # noqa: S608
        self.longest_capture_ms = 0
