"""The official SDK on everything that is not a payment or a refund."""

import httpx
import pytest
from yookassa import Configuration, Invoice, Payment, PaymentMethod, Receipt, Settings, Webhook
from yookassa.domain.exceptions import ForbiddenError

from tests.integration.sandbox.harness import OAUTH_TOKEN, RETURN_URL, SHOP_ID, Sandbox, money
from tests.integration.sandbox.sdk import charge, saved_method

pytestmark = pytest.mark.usefixtures("sdk")


def test_a_receipt_is_registered() -> None:
    payment = charge(saved_method(), "100.00")
    item = {"description": "Club, one month", "quantity": "1", "vat_code": 1}
    item["amount"] = money("100.00")

    receipt = Receipt.create(
        {
            "type": "payment",
            "payment_id": payment.id,
            "send": True,
            "customer": {"email": "reader@shop.example"},
            "items": [item],
            "settlements": [{"type": "prepayment", "amount": money("100.00")}],
        }
    )

    assert receipt.status == "succeeded"
    assert Receipt.find_one(receipt.id).payment_id == payment.id
    assert [each.id for each in Receipt.list({"payment_id": payment.id}).items] == [receipt.id]


def test_a_card_is_saved_without_a_payment() -> None:
    method = PaymentMethod.create(
        {"type": "bank_card", "confirmation": {"type": "redirect", "return_url": RETURN_URL}}
    )
    assert (method.status, method.saved) == ("pending", False)

    answer = httpx.post(method.confirmation.confirmation_url, data={"action": "pay"})

    assert answer.status_code == 303
    bound = PaymentMethod.find_one(method.id)
    assert (bound.status, bound.saved, bound.title) == ("active", True, "Bank card *4477")
    assert charge(method.id).status == "succeeded"


def test_an_invoice_is_paid_at_its_link(sandbox: Sandbox) -> None:
    item = {"description": "Club, one month", "quantity": "1.000", "price": money("349.00")}
    invoice = Invoice.create(
        {
            "payment_data": {"amount": money("349.00"), "capture": True, "metadata": {"n": "7"}},
            "cart": [item],
            "delivery_method_data": {"type": "self"},
            "expires_at": "1997-06-05T12:00:00.000Z",
            "description": "Invoice 37",
        }
    )
    assert (invoice.status, invoice.description) == ("pending", "Invoice 37")

    opened = sandbox.web.get(invoice.delivery_method.url)
    again = sandbox.web.get(invoice.delivery_method.url)
    assert (opened.status_code, opened.headers["location"]) == (303, again.headers["location"])
    sandbox.web.post(opened.headers["location"], data={"card": "5555555555554600"})
    retried = sandbox.web.get(invoice.delivery_method.url).headers["location"]
    sandbox.web.post(retried, data={"action": "pay"})

    paid = Invoice.find_one(invoice.id)
    assert (paid.status, paid.payment_details.status) == ("succeeded", "succeeded")
    payment = Payment.find_one(paid.payment_details.id)
    assert (payment.invoice_details.id, payment.metadata) == (invoice.id, {"n": "7"})
    assert sandbox.web.get(invoice.delivery_method.url).status_code == 409


def test_an_invoice_expires(sandbox: Sandbox) -> None:
    invoice = Invoice.create(
        {
            "payment_data": {"amount": money("349.00")},
            "cart": [{"description": "Club", "quantity": "1", "price": money("349.00")}],
            "delivery_method_data": {"type": "self"},
            "expires_at": "1997-06-05T12:00:00.000Z",
        }
    )
    sandbox.clock.advance(days=3)

    expired = Invoice.find_one(invoice.id)

    assert (expired.status, expired.cancellation_details.reason) == ("canceled", "invoice_expired")
    assert sandbox.web.get(invoice.delivery_method.url).status_code == 409


def test_webhooks_are_managed_with_an_oauth_token_only(sandbox: Sandbox) -> None:
    wanted = {"event": "payment.succeeded", "url": "https://shop.example/hook"}
    with pytest.raises(ForbiddenError):
        Webhook.add(wanted)

    Configuration.configure_auth_token(OAUTH_TOKEN, api_url=f"{sandbox.url}/v3")
    added = Webhook.add(wanted)
    assert [(each.id, each.url) for each in Webhook.list().items] == [(added.id, wanted["url"])]
    Webhook.remove(added.id)
    assert Webhook.list().items == []


def test_the_shop_introduces_itself() -> None:
    me = Settings.get_account_settings()

    assert (me.account_id, me.status, me.test) == (SHOP_ID, "enabled", True)
    assert "bank_card" in me.payment_methods
