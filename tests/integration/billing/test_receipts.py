"""Receipts go out with every call as they were drawn up, and with what goes back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from adapters.memory.provider import Fault
from application.payments.ports import BillingPolicy
from application.payments.provider import ReceiptItem
from application.payments.request_refund import RefundWish
from domain.identity.customer import Customer
from domain.payments.receipt import ReceiptTerms
from domain.shared.money import Money
from tests.integration.billing.house import House, cause

POLICY = BillingPolicy(receipts=ReceiptTerms(vat_code=4))
DISC = ReceiptItem(
    description="A disc",
    quantity=1,
    price=Money.of(30_000, "RUB"),
    vat_code=4,
    payment_subject="service",
    payment_mode="full_payment",
)


def with_receipts(home: House) -> list[Any]:
    """Turn receipts on, and listen to what the gateway is told."""
    home.charges = replace(home.charges, policy=POLICY)
    home.handlers |= {name: home.charges for name in home.handlers if "charge" in name}
    home.handlers["payments.ask.v1"] = home.charges
    home.pay_invoice = replace(home.pay_invoice, charges=home.charges)
    heard: list[Any] = []
    for name in ("start_checkout", "charge_saved", "refund"):
        call = getattr(home.gateway, name)

        async def recorded(request: Any, call: Any = call) -> Any:
            heard.append(request)
            return await call(request)

        setattr(home.gateway, name, recorded)
    return heard


async def reachable(home: House, email: str | None = "payer@example.org") -> Customer:
    customer = await home.customer()
    await home.rows("UPDATE customer SET email = $2 WHERE id = $1 RETURNING id", customer.id, email)
    return customer


async def test_a_payment_and_its_refund_carry_their_receipts(home: House) -> None:
    heard = with_receipts(home)
    customer = await reachable(home)
    owed = await home.purchase(customer, Money.of(30_000, "RUB"))
    attempt = await home.checkout(owed.id)
    await reachable(home, "elsewhere@example.org")
    part = Money.of(1_000, "RUB")
    for money in (part, None):
        await home.request_refund(RefundWish(cause(), attempt.id, money, "asked", "manager:1"))
        await home.carry_out()

    paid, first, rest = heard
    assert list(paid.receipt) == [DISC]
    assert list(first.receipt) == [replace(DISC, price=part)]
    assert list(rest.receipt) == [replace(DISC, price=Money.of(29_000, "RUB"))]
    assert {one.customer.email for one in heard} == {"payer@example.org"}
    kept = await home.value("SELECT receipt FROM payment WHERE id = $1", attempt.id)
    assert (kept["email"], len(kept["lines"])) == ("payer@example.org", 1)


async def test_a_repeat_carries_the_very_receipt_of_the_first_call(home: House) -> None:
    heard = with_receipts(home)
    customer = await reachable(home)
    owed = await home.purchase(customer, Money.of(30_000, "RUB"))
    home.gateway.inject(Fault.ANSWER_LOST)
    attempt = await home.pay(owed.id, return_url="https://shop.test/")
    assert attempt is not None
    assert await home.status("payment", attempt.id) == "unknown"
    await reachable(home, None)

    home.clock.advance(timedelta(hours=1))
    await home.job("ask-open-payments")
    await home.carry_out()

    assert len(heard) == 2
    assert heard[0] == heard[1]
    assert await home.status("payment", attempt.id) == "accepted"


async def test_nobody_is_charged_whom_no_receipt_could_reach(home: House) -> None:
    heard = with_receipts(home)
    owed = await home.purchase(await reachable(home, None), Money.of(30_000, "RUB"))
    attempt = await home.pay(owed.id, return_url="https://shop.test/")
    assert attempt is not None
    assert heard == []
    assert await home.status("payment", attempt.id) == "refused"
    assert await home.status("invoice", owed.id) == "issued"


async def test_a_payment_sent_before_there_were_receipts_is_looked_for_and_not_sent_again(
    home: House,
) -> None:
    owed = await home.purchase(await reachable(home), Money.of(30_000, "RUB"))
    home.gateway.inject(Fault.ANSWER_LOST)
    attempt = await home.pay(owed.id, return_url="https://shop.test/")
    assert attempt is not None
    heard = with_receipts(home)
    home.clock.advance(timedelta(hours=1))
    await home.job("ask-open-payments")
    await home.carry_out()
    assert heard == []
    assert await home.status("payment", attempt.id) == "accepted"


async def test_without_terms_there_are_no_receipts(home: House) -> None:
    heard = with_receipts(home)
    home.pay_invoice = replace(
        home.pay_invoice, charges=replace(home.charges, policy=BillingPolicy())
    )
    owed = await home.purchase(await reachable(home), Money.of(30_000, "RUB"))
    attempt = await home.checkout(owed.id)
    await home.request_refund(RefundWish(cause(), attempt.id, None, "asked", "manager:1"))
    await home.carry_out()
    assert [list(one.receipt) for one in heard] == [[], []]
