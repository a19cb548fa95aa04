"""The operations of the API: method, path, what each does, and what it needs."""

from collections.abc import Callable
from typing import Final, NamedTuple

from entrypoints.sandbox.yookassa import (
    account,
    invoices,
    lists,
    methods,
    payments,
    payouts,
    receipts,
    refunds,
)
from entrypoints.sandbox.yookassa.call import Answer, Call
from entrypoints.sandbox.yookassa.shop import Shop


class Operation(NamedTuple):
    """One row of the table; everything but GET runs under an idempotence key.

    Those `of_payouts` answer the payouts gateway, which has credentials of its own.
    """

    name: str
    method: str
    path: str
    run: Callable[[Shop, Call], Answer]
    oauth_only: bool = False
    of_payouts: bool = False


OPERATIONS: Final = (
    Operation("create_payment", "POST", "/payments", payments.create),
    Operation("list_payments", "GET", "/payments", lists.payments),
    Operation("get_payment", "GET", "/payments/{object_id:str}", payments.show),
    Operation("capture_payment", "POST", "/payments/{object_id:str}/capture", payments.capture),
    Operation("cancel_payment", "POST", "/payments/{object_id:str}/cancel", payments.cancel),
    Operation("create_refund", "POST", "/refunds", refunds.create),
    Operation("list_refunds", "GET", "/refunds", lists.refunds),
    Operation("get_refund", "GET", "/refunds/{object_id:str}", refunds.show),
    Operation("create_payout", "POST", "/payouts", payouts.create, of_payouts=True),
    Operation("list_payouts", "GET", "/payouts", lists.payouts, of_payouts=True),
    Operation("get_payout", "GET", "/payouts/{object_id:str}", payouts.show, of_payouts=True),
    Operation("create_receipt", "POST", "/receipts", receipts.create),
    Operation("list_receipts", "GET", "/receipts", lists.receipts),
    Operation("get_receipt", "GET", "/receipts/{object_id:str}", receipts.show),
    Operation("create_payment_method", "POST", "/payment_methods", methods.bind),
    Operation("get_payment_method", "GET", "/payment_methods/{object_id:str}", methods.show),
    Operation("create_invoice", "POST", "/invoices", invoices.create),
    Operation("get_invoice", "GET", "/invoices/{object_id:str}", invoices.show),
    Operation("me", "GET", "/me", account.show),
    Operation("create_webhook", "POST", "/webhooks", account.add_webhook, oauth_only=True),
    Operation("list_webhooks", "GET", "/webhooks", account.list_webhooks, oauth_only=True),
    Operation(
        "delete_webhook",
        "DELETE",
        "/webhooks/{object_id:str}",
        account.remove_webhook,
        oauth_only=True,
    ),
)
