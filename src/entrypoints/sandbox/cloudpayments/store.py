"""The tables of the emulated terminal."""

from pathlib import Path
from typing import Final

from entrypoints.sandbox import store

# An operation is a payment (0) or a refund (1); its number is its TransactionId, its body the JSON
# the API shows. The columns beside it hold what is searched and summed.
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS operation (
  number INTEGER PRIMARY KEY, type INTEGER NOT NULL, status TEXT NOT NULL, invoice TEXT,
  original INTEGER, currency TEXT NOT NULL, amount_minor INTEGER NOT NULL,
  refunded_minor INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS operation_invoice ON operation (invoice, number);
CREATE INDEX IF NOT EXISTS operation_created ON operation (created_ms, number);
CREATE TABLE IF NOT EXISTS ordered (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, invoice TEXT, status TEXT NOT NULL,
  operation INTEGER, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS token (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, card TEXT NOT NULL,
  active INTEGER NOT NULL DEFAULT 1, charges INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS token_card ON token (account, card);
CREATE TABLE IF NOT EXISTS request (
  number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, answer BLOB NOT NULL, at_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS notification (
  number INTEGER PRIMARY KEY, state TEXT NOT NULL, url TEXT NOT NULL, kind TEXT NOT NULL,
  body BLOB NOT NULL, born_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
  due_machine REAL NOT NULL, failures INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS notification_later ON notification (due_ms) WHERE state = 'later';
CREATE INDEX IF NOT EXISTS notification_queued
  ON notification (due_machine, number) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS notification_sending ON notification (number) WHERE state = 'sending';
"""
_KEPT: Final = ("operation", "ordered", "token", "request", "notification")


class Store(store.Store):
    """The terminal's file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, tables=_TABLES, numbered=_KEPT, emptied=_KEPT)
