"""Lists: newest first, filtered, paged by a cursor that stays true while the list grows."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.sandbox.harness import NOON, Sandbox, money


def walk(sandbox: Sandbox, path: str = "/payments", **query: Any) -> list[str]:
    """Return the ids of all pages."""
    ids: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = sandbox.get(path, **query, **cursor)
        assert page["type"] == "list"
        ids += [item["id"] for item in page["items"]]
        if "next_cursor" not in page:
            return ids
        cursor = {"cursor": page["next_cursor"]}


@pytest.fixture
def a_minute_apart(sandbox: Sandbox) -> list[str]:
    """Five payments of a saved card, a minute apart, the first at noon (the saving one before)."""
    sandbox.clock.advance(minutes=-1)
    method = sandbox.paid(save_payment_method=True)["id"]
    ids = []
    for _ in range(5):
        sandbox.clock.advance(minutes=1)
        ids.append(sandbox.charge(method)["id"])
    return ids


def minute(n: int) -> str:
    return (NOON + timedelta(minutes=n)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("field", ["created_at", "captured_at"])
@pytest.mark.parametrize(
    ("operators", "expected"),
    [
        ({"gte": 3}, [4, 3]),
        ({"gt": 3}, [4]),
        ({"gte": 1, "lte": 2}, [2, 1]),
        ({"gt": 1, "lt": 3}, [2]),
        ({"gte": 5}, []),
    ],
)
def test_time_filters_are_exact(
    sandbox: Sandbox,
    a_minute_apart: list[str],
    field: str,
    operators: dict[str, int],
    expected: list[int],
) -> None:
    query = {f"{field}.{name}": minute(n) for name, n in operators.items()}

    assert walk(sandbox, **query) == [a_minute_apart[n] for n in expected]


def test_offsets_and_milliseconds_are_understood(
    sandbox: Sandbox, a_minute_apart: list[str]
) -> None:
    assert walk(sandbox, **{"created_at.gte": "1997-06-02T15:03:00.001+03:00"}) == [
        a_minute_apart[4]
    ]


def test_the_default_page_has_ten(sandbox: Sandbox) -> None:
    for _ in range(11):
        sandbox.check_out()

    page = sandbox.get("/payments")

    assert len(page["items"]) == 10
    assert "next_cursor" in page
    assert "next_cursor" not in sandbox.get("/payments", limit=11)


def test_new_payments_do_not_shift_the_pages(sandbox: Sandbox) -> None:
    old = [sandbox.check_out()["id"] for _ in range(7)]
    first = sandbox.get("/payments", limit=3)
    for _ in range(5):
        sandbox.check_out()

    second = sandbox.get("/payments", limit=3, cursor=first["next_cursor"])

    seen = [item["id"] for page in (first, second) for item in page["items"]]
    assert seen == old[:0:-1]


def test_a_late_capture_is_found_by_its_capture_time(sandbox: Sandbox) -> None:
    """A payment created long before the window is in it when it was captured there."""
    held = sandbox.paid(capture=False)
    sandbox.clock.advance(days=6)
    for _ in range(3):
        sandbox.paid()
    sandbox.clock.advance(hours=1)
    sandbox.post(f"/payments/{held['id']}/capture")

    since = (sandbox.clock.now - timedelta(minutes=10)).isoformat()
    assert walk(sandbox, **{"captured_at.gte": since, "status": "succeeded"}) == [held["id"]]


def test_status_and_method_filter(sandbox: Sandbox) -> None:
    pending = sandbox.check_out()["id"]
    paid = sandbox.paid()["id"]
    wallet = sandbox.paid(payment_method_data={"type": "yoo_money"})["id"]
    held = sandbox.paid(capture=False)["id"]
    canceled = sandbox.check_out()["id"]
    sandbox.decide(canceled, action="decline")

    assert walk(sandbox, status="pending") == [pending]
    assert walk(sandbox, status="succeeded") == [wallet, paid]
    assert walk(sandbox, status="waiting_for_capture") == [held]
    assert walk(sandbox, status="canceled") == [canceled]
    assert walk(sandbox, payment_method="yoo_money") == [wallet]
    assert walk(sandbox, payment_method="bank_card", status="succeeded") == [paid]


def test_only_three_years_are_listed(sandbox: Sandbox) -> None:
    old = sandbox.check_out()["id"]
    sandbox.clock.advance(days=3 * 365 + 1)
    new = sandbox.check_out()["id"]

    assert walk(sandbox) == [new]
    assert sandbox.get(f"/payments/{old}")["id"] == old


def test_refunds_are_listed_by_payment(sandbox: Sandbox) -> None:
    first, second = sandbox.paid(), sandbox.paid()
    ids = [sandbox.refund(first["id"], "10.00").json()["id"] for _ in range(4)]
    other = sandbox.refund(second["id"], "10.00").json()["id"]

    assert walk(sandbox, "/refunds", payment_id=first["id"], limit=3) == ids[::-1]
    assert walk(sandbox, "/refunds") == [other, *ids[::-1]]
    assert walk(sandbox, "/refunds", status="canceled") == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "MTI6"}, "cursor"),
        ({"status": "paid"}, "status"),
        ({"created_at.gte": "yesterday"}, "created_at.gte"),
        ({"created_at.lt": "1997-06-02T12:00:00"}, "created_at.lt"),
        ({"captured_at.lte": "1997-13-02T12:00:00Z"}, "captured_at.lte"),
    ],
)
def test_a_wrong_query_is_refused(sandbox: Sandbox, query: dict[str, str], parameter: str) -> None:
    answer = sandbox.api.get("/payments", params=query)

    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


def test_a_list_shows_whole_objects(sandbox: Sandbox) -> None:
    payment = sandbox.paid(metadata={"order": "1"})

    assert sandbox.get("/payments")["items"] == [payment]
    assert payment["amount"] == money("100.00")
