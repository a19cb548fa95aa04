"""Payouts to YooMoney wallets: created once per key, then succeeded or canceled.

They belong to a payouts gateway with an agent id and a secret of its own. YooKassa pays out
roubles only. Its notifications of payouts are not emulated: who paid asks.
"""

import re
from typing import Final

import msgspec
from msgspec.structs import replace

from entrypoints.sandbox.moments import iso
from entrypoints.sandbox.yookassa import wire
from entrypoints.sandbox.yookassa.amounts import from_minor, to_minor
from entrypoints.sandbox.yookassa.call import Answer, Call
from entrypoints.sandbox.yookassa.errors import ApiError, invalid_request, not_found
from entrypoints.sandbox.yookassa.ids import number_in
from entrypoints.sandbox.yookassa.requests import (
    CreatePayout,
    check_length,
    decoder,
    read,
    read_metadata,
)
from entrypoints.sandbox.yookassa.shop import Shop

_create: Final = decoder(CreatePayout)
_payout: Final = msgspec.json.Decoder(wire.Payout)
_WALLET: Final = re.compile(r"[0-9]{11,33}")
_CHUNK: Final = 500


def create(shop: Shop, call: Call) -> Answer:
    """Pay money out; whether it arrives at once is the configuration's choice."""
    asked = read(_create, call.body)
    check_length(asked.description, 128, "description")
    minor = to_minor(asked.amount)
    if asked.amount.currency != "RUB":
        raise invalid_request("Currency is not supported", "amount.currency")
    to = asked.payout_destination_data
    if to.type != "yoo_money":
        raise invalid_request("Payout destination is not supported", "payout_destination_data.type")
    if to.account_number is None or not _WALLET.fullmatch(to.account_number):
        raise invalid_request("Incorrect account number", "payout_destination_data.account_number")
    return _write(shop, call, asked, minor, to.account_number)


def _write(shop: Shop, call: Call, asked: CreatePayout, minor: int, account: str) -> Answer:
    number = shop.store.next_number()
    payout = wire.Payout(
        id=shop.new_id("payout", number, call.at_ms),
        amount=from_minor(minor, asked.amount.currency),
        status="pending",
        payout_destination=wire.PayoutDestination("yoo_money", account),
        description=asked.description or None,
        created_at=iso(call.at_ms),
        metadata=read_metadata(asked.metadata) or None,
        test=shop.behaviour.test,
    )
    waits, seconds = shop.behaviour.payouts == "stay_pending", shop.behaviour.payout_seconds
    deadline_ms = call.at_ms + int(seconds * 1000) if waits and seconds is not None else None
    body = msgspec.json.encode(payout)
    shop.store.run(
        "INSERT INTO document (number, id, body) VALUES (?, ?, ?)", number, payout.id, body
    )
    shop.store.run(
        "INSERT INTO payout (number, status, currency, created_ms, deadline_ms, amount_minor) "
        "VALUES (?, 'pending', ?, ?, ?, ?)",
        number,
        asked.amount.currency,
        call.at_ms,
        deadline_ms,
        minor,
    )
    if not waits:
        body = msgspec.json.encode(finish(shop, payout.id, call.at_ms, _fate(shop, account)))
    return Answer(body, number)


def _fate(shop: Shop, account: str) -> str | None:
    """Say why a payout to this wallet is declined; None when it arrives."""
    if account in shop.behaviour.declined_wallets:
        return shop.behaviour.declined_wallets[account]
    declines = shop.behaviour.payouts == "decline"
    return shop.behaviour.payout_decline_reason if declines else None


def finish(shop: Shop, payout_id: str, at_ms: int, declined_for: str | None) -> wire.Payout:
    """Let a pending payout arrive, or cancel it."""
    payout = find(shop, payout_id)
    if payout.status != "pending":
        raise ApiError(409, "invalid_request", f"Payout is already {payout.status}")
    if declined_for is None:
        payout = replace(payout, status="succeeded", succeeded_at=iso(at_ms))
    else:
        details = wire.CancellationDetails("payout_network", declined_for)
        payout = replace(payout, status="canceled", cancellation_details=details)
    number = number_in(payout_id)
    body = msgspec.json.encode(payout)
    shop.store.run("UPDATE document SET body = ? WHERE number = ?", body, number)
    shop.store.run(
        "UPDATE payout SET status = ?, deadline_ms = NULL WHERE number = ?", payout.status, number
    )
    return payout


def apply_due(shop: Shop, now_ms: int) -> int:
    """Finish every payout whose time has come; return how many."""
    applied = 0
    while due := shop.store.all(
        "SELECT id, deadline_ms FROM payout JOIN document USING (number) "
        "WHERE deadline_ms IS NOT NULL AND deadline_ms <= ? ORDER BY deadline_ms LIMIT ?",
        now_ms,
        _CHUNK,
    ):
        with shop.store.transaction():
            for payout_id, deadline_ms in due:
                to = find(shop, payout_id).payout_destination.account_number
                declined_for = shop.behaviour.declined_wallets.get(to)
                finish(shop, payout_id, deadline_ms, declined_for)
        applied += len(due)
    return applied


def show(shop: Shop, call: Call) -> Answer:
    return Answer(msgspec.json.encode(find(shop, call.object_id)))


def find(shop: Shop, payout_id: str) -> wire.Payout:
    """Return a payout; an unknown id is refused as `not_found`."""
    row = shop.store.one(
        "SELECT id, body FROM document JOIN payout USING (number) WHERE number = ?",
        number_in(payout_id),
    )
    if row is None or row[0] != payout_id:
        raise not_found("Payout", "payout_id")
    return _payout.decode(row[1])
