"""Whatever is sent, the sandbox answers with an error object, never with 500, and forgets it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.sandbox.harness import Sandbox, checkout, money

PATHS = [
    "/payments",
    "/payments/23d93cac-000f-5000-8000-126628f15141/capture",
    "/refunds",
    "/receipts",
    "/payment_methods",
    "/invoices",
]

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["1.00", "RUB", "redirect", "bank_card", "http://x.example/", "payment"]),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
_fields = st.sampled_from(
    [
        "amount",
        "capture",
        "confirmation",
        "payment_method_data",
        "payment_method_id",
        "payment_token",
        "save_payment_method",
        "metadata",
        "receipt",
        "description",
        "payment_id",
        "items",
        "customer",
        "type",
        "send",
        "transfers",
        "payment_data",
        "cart",
        "expires_at",
    ]
)
_unhurried = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@_unhurried
@given(
    path=st.sampled_from(PATHS),
    body=st.dictionaries(_fields, _values, max_size=5),
    sound=st.booleans(),
)
def test_no_body_breaks_it(sandbox: Sandbox, path: str, body: dict[str, Any], sound: bool) -> None:
    answer = sandbox.post(path, {**(checkout() if sound else {}), **body})

    assert answer.status_code in (200, 400, 404)
    if answer.status_code != 200:
        assert answer.json()["type"] == "error"


@_unhurried
@given(
    query=st.dictionaries(
        st.sampled_from(["limit", "cursor", "status", "created_at.gte", "captured_at.lt"]),
        st.text(max_size=30),
    )
)
def test_no_query_breaks_it(sandbox: Sandbox, query: dict[str, str]) -> None:
    for path in ("/payments", "/refunds", "/receipts"):
        assert sandbox.api.get(path, params=query).status_code in (200, 400)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"description":"\\ud800"}',
        b'{"metadata":{"a":"\\u0000"}}',
        b'{"amount":{"value":"1.00","currency":"RUB"},"amount":{"value":"2.00"}}',
        b"{" + b'"a":1,' * 50_000 + b'"b":1}',
    ],
)
def test_hostile_json_is_refused(sandbox: Sandbox, body: bytes) -> None:
    headers = {"Idempotence-Key": "k", "Content-Type": "application/json"}

    assert sandbox.api.post("/payments", content=body, headers=headers).status_code == 400
    assert sandbox.books() == []


def test_a_body_beyond_a_mebibyte_is_refused(sandbox: Sandbox) -> None:
    headers = {"Idempotence-Key": "k", "Content-Type": "application/json"}
    answer = sandbox.api.post("/payments", content=b" " * (1 << 20) + b"{}", headers=headers)

    assert answer.status_code == 413


@pytest.mark.parametrize("cursor", ["OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OjE=", "MTox4piD", "\u2603"])
def test_hostile_cursors_are_refused(sandbox: Sandbox, cursor: str) -> None:
    assert sandbox.api.get("/payments", params={"cursor": cursor}).status_code == 400


@pytest.mark.parametrize("object_id", ["%00", "x" * 2000, "%F0%9F%92%B3" * 12, "..%2F..%2Fme"])
def test_hostile_ids_are_not_found(sandbox: Sandbox, object_id: str) -> None:
    for path in ("payments", "refunds", "receipts", "payment_methods"):
        assert sandbox.api.get(f"/{path}/{object_id}").status_code == 404


def test_text_of_every_kind_comes_back_unchanged(sandbox: Sandbox) -> None:
    text = "\u0000\u202e\U0001f4b3 \"'<>&\\ \u0436"

    payment = sandbox.check_out(description=text, metadata={"t": text})

    assert (payment["description"], payment["metadata"]["t"]) == (text, text)
    assert payment["amount"] == money("100.00")
