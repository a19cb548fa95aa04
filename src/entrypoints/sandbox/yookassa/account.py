"""The shop's own settings, and the notification addresses an OAuth client may register."""

from typing import Final

import msgspec

from entrypoints.sandbox.yookassa import wire
from entrypoints.sandbox.yookassa.behaviour import EVENTS
from entrypoints.sandbox.yookassa.call import Answer, Call
from entrypoints.sandbox.yookassa.errors import invalid_request, not_found
from entrypoints.sandbox.yookassa.ids import number_in
from entrypoints.sandbox.yookassa.requests import CreateWebhook, decoder, read
from entrypoints.sandbox.yookassa.shop import Shop

_create: Final = decoder(CreateWebhook)


def show(shop: Shop, call: Call) -> Answer:
    me = wire.Me(
        account_id=shop.account.shop_id,
        status="enabled",
        test=shop.behaviour.test,
        fiscalization_enabled=shop.behaviour.receipts_required,
        payment_methods=["bank_card", "yoo_money", "sberbank", "sbp"],
    )
    return Answer(msgspec.json.encode(me))


def add_webhook(shop: Shop, call: Call) -> Answer:
    """Register an address for one event; plain http is allowed, as the sandbox is local."""
    asked = read(_create, call.body)
    if asked.event not in EVENTS:
        raise invalid_request("Incorrect event", "event")
    if not asked.url.startswith(("http://", "https://")):
        raise invalid_request("Incorrect url", "url")
    number = shop.store.next_number()
    webhook = wire.Webhook(shop.new_id("webhook", number, call.at_ms), asked.event, asked.url)
    body = msgspec.json.encode(webhook)
    shop.store.run(
        "INSERT INTO document (number, id, body) VALUES (?, ?, ?)", number, webhook.id, body
    )
    shop.store.run(
        "INSERT INTO listed (number, kind, created_ms, owner) VALUES (?, ?, ?, ?)",
        number,
        f"webhook:{asked.event}",
        call.at_ms,
        asked.url,
    )
    return Answer(body, number)


def list_webhooks(shop: Shop, call: Call) -> Answer:
    rows = shop.store.all(
        "SELECT body FROM listed JOIN document USING (number) "
        "WHERE kind >= 'webhook:' AND kind < 'webhook;' ORDER BY number"
    )
    return Answer(b'{"type":"list","items":[' + b",".join(row[0] for row in rows) + b"]}")


def remove_webhook(shop: Shop, call: Call) -> Answer:
    number = number_in(call.object_id)
    row = shop.store.one("SELECT id FROM document WHERE number = ?", number)
    if row is None or row[0] != call.object_id or not call.object_id.startswith("wh-"):
        raise not_found("Webhook", "webhook_id")
    shop.store.run("DELETE FROM listed WHERE number = ?", number)
    shop.store.run("DELETE FROM document WHERE number = ?", number)
    return Answer(b"{}")
