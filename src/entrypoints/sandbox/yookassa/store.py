"""The tables of the emulated shop, and what of it is kept at hand."""

from pathlib import Path
from typing import Final

from entrypoints.sandbox import store
from entrypoints.sandbox.yookassa.ids import new_salt

# Every object has a number from one sequence and one document: its JSON as the API shows it, and
# what the API does not show. The narrow tables beside it hold what is searched and summed.
_TABLES: Final = """
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
CREATE TABLE IF NOT EXISTS payout (
  number INTEGER PRIMARY KEY, status TEXT NOT NULL, currency TEXT NOT NULL,
  created_ms INTEGER NOT NULL, deadline_ms INTEGER, amount_minor INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS payout_created ON payout (created_ms, number);
CREATE INDEX IF NOT EXISTS payout_deadline ON payout (deadline_ms) WHERE deadline_ms IS NOT NULL;
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
"""
_NUMBERED: Final = ("document", "idempotence", "notification")
_EMPTIED: Final = (
    "document",
    "payment",
    "refund",
    "payout",
    "method",
    "listed",
    "idempotence",
    "notification",
)


class Store(store.Store):
    """The shop's file; `longest_capture_ms` is the longest a payment has waited for its capture."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, tables=_TABLES, numbered=_NUMBERED, emptied=_EMPTIED)
        self.salt = ""
        self.longest_capture_ms = 0

    def open(self) -> None:
        super().open()
        self.salt = self.meta("salt") or new_salt()
        self.set_meta("salt", self.salt)
        longest = self.one("SELECT max(captured_ms - created_ms) FROM payment")
        self.longest_capture_ms = (longest and longest[0]) or 0

    def empty(self) -> None:
        super().empty()
        self.longest_capture_ms = 0
