"""Payouts: once per key, to wallets that take them, by their gateway's own credentials."""

from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from yookassa import Configuration, Payout
from yookassa.domain.exceptions import UnauthorizedError

from tests.integration.sandbox.harness import (
    AGENT_ID,
    AGENT_SECRET,
    OAUTH_TOKEN,
    SECRET_KEY,
    SHOP_ID,
    WALLET,
    Sandbox,
    money,
    refusal,
)


def books(sandbox: Sandbox) -> list[Any]:
    text = sandbox.control.get("/payouts").text
    return [msgspec.json.decode(line) for line in text.splitlines()]


def shown(sandbox: Sandbox, payout: Any) -> Any:
    return sandbox.payouts.get(f"/payouts/{payout['id']}").json()


def listed(sandbox: Sandbox, **query: str) -> Any:
    dotted = {name.replace("__", "."): value for name, value in query.items()}
    return sandbox.payouts.get("/payouts", params=dotted).json()


def test_a_payout_arrives_at_once(sandbox: Sandbox) -> None:
    payout = sandbox.pay_out("320.00", description="March", metadata={"payout_id": "7"}).json()

    assert payout["id"].startswith("po-")
    assert payout == {
        "id": payout["id"],
        "amount": money("320.00"),
        "status": "succeeded",
        "payout_destination": {"type": "yoo_money", "account_number": WALLET},
        "description": "March",
        "created_at": "1997-06-02T12:00:00.000Z",
        "succeeded_at": "1997-06-02T12:00:00.000Z",
        "metadata": {"payout_id": "7"},
        "test": True,
    }
    assert shown(sandbox, payout) == payout


def test_a_payout_waits_for_its_time(sandbox: Sandbox) -> None:
    sandbox.configure(payouts="stay_pending", payout_seconds=60, declined_wallets={"1" * 11: "x"})
    key = str(uuid4())
    first, other = sandbox.pay_out(key=key).json(), sandbox.pay_out(wallet="1" * 11).json()
    assert (first["status"], other["status"]) == ("pending", "pending")

    sandbox.clock.advance(seconds=61)

    succeeded = {"status": "succeeded", "succeeded_at": "1997-06-02T12:01:00.000Z"}
    assert sandbox.pay_out(key=key).json() == {**first, **succeeded}
    declined = shown(sandbox, other)
    assert declined["status"] == "canceled"
    assert declined["cancellation_details"] == {"party": "payout_network", "reason": "x"}


@pytest.mark.parametrize(("outcome", "status"), [("succeed", "succeeded"), ("decline", "canceled")])
def test_a_payout_that_waits_is_decided_once(sandbox: Sandbox, outcome: str, status: str) -> None:
    sandbox.configure(payouts="stay_pending")
    payout = sandbox.pay_out().json()
    sandbox.clock.advance(days=30)
    assert shown(sandbox, payout)["status"] == "pending"

    url = f"/payouts/{payout['id']}/outcome"
    assert sandbox.control.post(url, json={"outcome": outcome}).status_code == 200

    assert shown(sandbox, payout)["status"] == status
    assert sandbox.control.post(url, json={"outcome": outcome}).status_code == 409


def test_a_wallet_may_be_out_of_reach(sandbox: Sandbox) -> None:
    sandbox.configure(declined_wallets={WALLET: "recipient_not_found"})

    declined, paid = sandbox.pay_out().json(), sandbox.pay_out(wallet="2" * 12).json()

    assert declined["cancellation_details"]["reason"] == "recipient_not_found"
    assert paid["status"] == "succeeded"
    sandbox.configure(payouts="decline")
    empty = sandbox.pay_out(wallet="2" * 12).json()
    assert empty["cancellation_details"]["reason"] == "insufficient_funds"


def test_a_key_is_one_payout_for_a_day(sandbox: Sandbox) -> None:
    key = str(uuid4())
    first = sandbox.pay_out(key=key).json()
    assert sandbox.pay_out(key=key).json() == first
    assert refusal(sandbox.pay_out("1.00", key=key))[2] == "Duplicate idempotence key"

    sandbox.clock.advance(hours=24, seconds=1)

    assert sandbox.pay_out(key=key).json()["id"] != first["id"]


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"amount": money("1.00", "USD")}, "amount.currency"),
        ({"amount": money("0.00")}, "amount.value"),
        ({"amount": money("1e2")}, "amount.value"),
        ({"wallet": "123"}, "payout_destination_data.account_number"),
        ({"wallet": "4100161457571x"}, "payout_destination_data.account_number"),
        ({"description": "d" * 129}, "description"),
        ({"payout_destination_data": {"type": "sbp"}}, "payout_destination_data.type"),
        ({"payout_destination_data": {}}, "payout_destination_data.type"),
    ],
)
def test_what_it_will_not_pay_leaves_nothing_behind(
    sandbox: Sandbox, change: dict[str, Any], parameter: str
) -> None:
    answer = sandbox.pay_out(**change)

    status, code, _, named = refusal(answer)
    assert (status, code, named) == (400, "invalid_request", parameter)
    assert books(sandbox) == []


def test_payouts_have_credentials_of_their_own(sandbox: Sandbox) -> None:
    payments = httpx.get(f"{sandbox.url}/v3/payments", auth=(AGENT_ID, AGENT_SECRET))
    assert payments.status_code == 401
    assert sandbox.api.get("/payouts").status_code == 401
    bearer = {"Authorization": f"Bearer {OAUTH_TOKEN}"}
    assert sandbox.web.get(f"{sandbox.url}/v3/payouts", headers=bearer).status_code == 403


def test_payouts_are_listed_newest_first_page_by_page(sandbox: Sandbox) -> None:
    ids = []
    for number in range(7):
        sandbox.clock.advance(minutes=1)
        sandbox.configure(payouts="stay_pending" if number % 2 else "succeed")
        ids.append(sandbox.pay_out().json()["id"])

    seen: list[str] = []
    page = listed(sandbox, limit="3")
    seen += [one["id"] for one in page["items"]]
    while "next_cursor" in page:
        page = listed(sandbox, limit="3", cursor=page["next_cursor"])
        seen += [one["id"] for one in page["items"]]

    assert seen == ids[::-1]
    late = listed(sandbox, created_at__gte="1997-06-02T12:06:00.000Z")["items"]
    assert [one["id"] for one in late] == [ids[6], ids[5]]
    waiting = listed(sandbox, status="pending")["items"]
    assert [one["id"] for one in waiting] == [ids[5], ids[3], ids[1]]


def test_the_books_name_every_payout_and_no_wallet(sandbox: Sandbox) -> None:
    sandbox.configure(declined_wallets={"1" * 12: "recipient_not_found"})
    paid = sandbox.pay_out("10.50", metadata={"payout_id": "7"}).json()
    sandbox.pay_out(wallet="1" * 12)

    first, second = books(sandbox)

    assert first == {
        "id": paid["id"],
        "status": "succeeded",
        "amount": "10.50",
        "currency": "RUB",
        "amount_minor": 1050,
        "created_at": paid["created_at"],
        "wallet": "5714",
        "reason": None,
        "metadata": {"payout_id": "7"},
    }
    assert second["reason"] == "recipient_not_found"
    assert [(one["status"], one["count"]) for one in sandbox.stats()["payouts"]] == [
        ("canceled", 1),
        ("succeeded", 1),
    ]


def test_an_answer_that_is_lost_has_booked_once(sandbox: Sandbox) -> None:
    key = str(uuid4())
    sandbox.break_(kind="error_500_after_commit", operation="create_payout", times=1)
    assert sandbox.pay_out(key=key).status_code == 500

    assert sandbox.pay_out(key=key).json()["status"] == "succeeded"
    assert len(books(sandbox)) == 1


def test_the_official_sdk_pays_out(sandbox: Sandbox) -> None:
    Configuration.configure(AGENT_ID, AGENT_SECRET, api_url=f"{sandbox.url}/v3")
    try:
        payout = Payout.create(
            {
                "amount": money("320.00"),
                "payout_destination_data": {"type": "yoo_money", "account_number": WALLET},
                "description": "March",
                "metadata": {"payout_id": "7"},
            },
            "key-1",
        )
        assert (payout.status, payout.test) == ("succeeded", True)
        assert payout.metadata == {"payout_id": "7"}
        assert Payout.find_one(payout.id).payout_destination.account_number == WALLET
        assert [one.id for one in Payout.list({"status": "succeeded"}).items] == [payout.id]
        Configuration.configure(SHOP_ID, SECRET_KEY, api_url=f"{sandbox.url}/v3")
        with pytest.raises(UnauthorizedError):
            Payout.find_one(payout.id)
    finally:
        Configuration.configure(None, None)
