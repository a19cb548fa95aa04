"""The tables of the emulated account."""

import secrets
from pathlib import Path
from typing import Final

from entrypoints.sandbox import store

# Every object is one document: its JSON as the API shows it, and what the API does not show.
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS document (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  created_ms INTEGER NOT NULL, intent TEXT, deadline_ms INTEGER, body BLOB NOT NULL, hidden BLOB
);
CREATE INDEX IF NOT EXISTS document_listed ON document (kind, number);
CREATE INDEX IF NOT EXISTS document_of_intent ON document (intent, kind, number)
  WHERE intent IS NOT NULL;
CREATE INDEX IF NOT EXISTS document_deadline ON document (deadline_ms)
  WHERE deadline_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS idempotence (
  number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, digest BLOB NOT NULL,
  status INTEGER NOT NULL, body BLOB NOT NULL, at_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS notification (
  number INTEGER PRIMARY KEY, state TEXT NOT NULL, url TEXT NOT NULL, event TEXT NOT NULL,
  body BLOB NOT NULL, born_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
  due_machine REAL NOT NULL, failures INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS notification_later ON notification (due_ms) WHERE state = 'later';
CREATE INDEX IF NOT EXISTS notification_queued
  ON notification (due_machine, number) WHERE state = 'queued';
"""
_NUMBERED: Final = ("document", "idempotence", "notification")
_EMPTIED: Final = ("document", "idempotence", "notification")


class Store(store.Store):
    """The account's file; `salt` keeps the ids of two sandboxes apart."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, tables=_TABLES, numbered=_NUMBERED, emptied=_EMPTIED)
        self.salt = ""

    def open(self) -> None:
        super().open()
        self.salt = self.meta("salt") or secrets.token_hex(8)
        self.set_meta("salt", self.salt)
