"""The tables of an emulated network."""

from pathlib import Path
from typing import Final

from entrypoints.sandbox.store import Store

# `charge` is what was asked and how it was decided; `billing` is what subscribers really paid: the
# operator's own records, which the partner's books are compared with.
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS subscriber (
  msisdn TEXT PRIMARY KEY, standing TEXT NOT NULL, balance_minor INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS charge (
  number INTEGER PRIMARY KEY, token TEXT NOT NULL, msisdn TEXT NOT NULL,
  amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, service TEXT NOT NULL,
  keyword TEXT NOT NULL, verdict TEXT NOT NULL, code TEXT NOT NULL, created_ms INTEGER NOT NULL,
  final_ms INTEGER
);
CREATE INDEX IF NOT EXISTS charge_token ON charge (token, number);
CREATE TABLE IF NOT EXISTS billing (
  number INTEGER PRIMARY KEY, token TEXT NOT NULL, msisdn TEXT NOT NULL,
  amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, service TEXT NOT NULL,
  at_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS billing_token ON billing (token);
CREATE INDEX IF NOT EXISTS billing_msisdn ON billing (msisdn, number);
CREATE TABLE IF NOT EXISTS script (
  number INTEGER PRIMARY KEY, msisdn TEXT NOT NULL, operation TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS script_next ON script (msisdn, operation, number);
CREATE TABLE IF NOT EXISTS sms (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL, msisdn TEXT NOT NULL, text TEXT NOT NULL,
  at_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS sms_msisdn ON sms (msisdn, number);
CREATE TABLE IF NOT EXISTS kept (
  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL,
  at_ms INTEGER NOT NULL, UNIQUE (kind, key)
);
CREATE TABLE IF NOT EXISTS notification (
  number INTEGER PRIMARY KEY, state TEXT NOT NULL, event TEXT NOT NULL, method TEXT NOT NULL,
  url TEXT NOT NULL, content_type TEXT NOT NULL, body BLOB NOT NULL, born_ms INTEGER NOT NULL,
  due_ms INTEGER NOT NULL, due_machine REAL NOT NULL, failures INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS notification_later ON notification (due_ms) WHERE state = 'later';
CREATE INDEX IF NOT EXISTS notification_queued
  ON notification (due_machine, number) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS notification_sending ON notification (number) WHERE state = 'sending';
"""
_NUMBERED: Final = ("charge", "billing", "script", "sms", "kept", "notification")


def open_store(path: Path) -> Store:
    """Return the store of one network, not open yet."""
    return Store(path, tables=_TABLES, numbered=_NUMBERED, emptied=(*_NUMBERED, "subscriber"))
