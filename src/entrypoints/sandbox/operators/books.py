"""What a network knows: its billing records, what it was asked, what it texted."""

from typing import Any, Final

import msgspec

from entrypoints.sandbox.faults import Armed
from entrypoints.sandbox.moments import iso
from entrypoints.sandbox.operators.network import Network

_LARGEST_PAGE: Final = 10_000


class Bill(msgspec.Struct, frozen=True):
    """One line of the operator's own records: a subscriber paid."""

    number: int
    token: str
    msisdn: str
    amount_minor: int
    currency: str
    service: str
    at: str


class Asked(msgspec.Struct, frozen=True):
    """One charge the partner asked for, and how it was decided."""

    number: int
    token: str
    msisdn: str
    amount_minor: int
    currency: str
    service: str
    verdict: str
    code: str
    created_at: str


class Text(msgspec.Struct, frozen=True):
    """One text the network took."""

    number: int
    id: str
    msisdn: str
    text: str
    at: str


class Kept(msgspec.Struct, frozen=True):
    """Something else the partner handed over: the broadcast of a day."""

    number: int
    kind: str
    key: str
    body: str
    at: str


class Page(msgspec.Struct, frozen=True):
    """A page of one list, oldest first; `next_cursor` is None on the last."""

    items: list[Bill] | list[Asked] | list[Text] | list[Kept]
    next_cursor: str | None


class Total(msgspec.Struct, frozen=True):
    """The billing records of one currency in sum."""

    currency: str
    count: int
    amount_minor: int


class Stats(msgspec.Struct, frozen=True):
    """Everything counted."""

    billed: list[Total]
    charges: dict[str, int]
    texts: int
    notifications: dict[str, int]
    requests: dict[str, int]
    faults: list[Armed]


_QUERIES: Final[dict[str, tuple[type[Any], str]]] = {
    "billing": (
        Bill,
        "SELECT number, token, msisdn, amount_minor, currency, service, at_ms FROM billing",
    ),
    "charges": (
        Asked,
        "SELECT number, token, msisdn, amount_minor, currency, service, verdict, code, created_ms "
        "FROM charge",
    ),
    "sms": (Text, "SELECT number, id, msisdn, text, at_ms FROM sms"),
    "kept": (Kept, "SELECT number, kind, key, CAST(body AS TEXT), at_ms FROM kept"),
}


def page(network: Network, what: str, cursor: int, limit: int, **equal: str | None) -> Page:
    """Return what comes after a cursor, at most `limit` of it; columns in `equal` narrow it."""
    shape, query = _QUERIES[what]
    wanted = {name: value for name, value in equal.items() if value is not None}
    where = "".join(f" AND {name} = ?" for name in wanted)
    limit = min(max(limit, 1), _LARGEST_PAGE)
    rows = network.store.all(
        f"{query} WHERE number > ?{where} ORDER BY number LIMIT ?",
        cursor,
        *wanted.values(),
        limit + 1,
    )
    items = [shape(*row[:-1], iso(row[-1])) for row in rows[:limit]]
    return Page(items, str(items[-1].number) if len(rows) > limit else None)


def totals(network: Network) -> list[Total]:
    """Sum the billing records by currency."""
    rows = network.store.all(
        "SELECT currency, count(*), sum(amount_minor) FROM billing GROUP BY currency"
    )
    return [Total(*row) for row in rows]


def stats(network: Network) -> Stats:
    """Count and sum everything."""
    store = network.store
    texts = store.one("SELECT count(*) FROM sms")
    queued = store.one("SELECT count(*) FROM notification")
    counters = store.all("SELECT substr(name, 15), n FROM counter WHERE name GLOB 'noti*'")
    return Stats(
        billed=totals(network),
        charges=dict(store.all("SELECT verdict, count(*) FROM charge GROUP BY verdict")),
        texts=texts[0] if texts else 0,
        notifications={"queued": queued[0] if queued else 0, **dict(counters)},
        requests=dict(network.requests),
        faults=network.faults.all(),
    )


def note_text(network: Network, text_id: str, msisdn: str, text: str) -> None:
    """Keep a text that the network took."""
    network.store.run(
        "INSERT INTO sms (number, id, msisdn, text, at_ms) VALUES (?, ?, ?, ?, ?)",
        network.store.next_number(),
        text_id,
        msisdn,
        text,
        network.clock.now_ms(),
    )


def keep_once(network: Network, kind: str, key: str, body: bytes) -> int | None:
    """Keep something under a key; return its number, or None where the key is taken."""
    number = network.store.next_number()
    kept = network.store.run(
        "INSERT OR IGNORE INTO kept (number, kind, key, body, at_ms) VALUES (?, ?, ?, ?, ?)",
        number,
        kind,
        key,
        body,
        network.clock.now_ms(),
    )
    return number if kept else None
