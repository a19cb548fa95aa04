"""Faults: what strikes before leaves nothing, what strikes after has done its work."""

import time
from typing import Any

import httpx
import pytest

from tests.integration.sandbox.harness import Sandbox, checkout, money

BEFORE = ["accepted_202_before", "error_500_before", "throttled_429", "drop_before"]
AFTER = [
    "accepted_202_after_commit",
    "error_500_after_commit",
    "drop_after_commit",
    "truncated_body",
    "html_body",
]


def attempt(sandbox: Sandbox, key: str) -> httpx.Response | None:
    """Create a payment; None when the connection gave no whole answer."""
    try:
        return sandbox.post("/payments", checkout(), key=key)
    except (httpx.RemoteProtocolError, httpx.ReadError):
        return None


def counts(sandbox: Sandbox) -> list[tuple[int, int]]:
    return [(each["matched"], each["hit"]) for each in sandbox.control.get("/faults").json()]


@pytest.mark.parametrize("kind", BEFORE)
def test_a_fault_before_leaves_nothing_behind(sandbox: Sandbox, kind: str) -> None:
    sandbox.break_(kind=kind, times=1)

    attempt(sandbox, "key")

    assert sandbox.books() == []
    assert attempt(sandbox, "key").json()["status"] == "pending"  # type: ignore[union-attr]
    assert len(sandbox.books()) == 1


@pytest.mark.parametrize("kind", AFTER)
def test_the_same_key_finds_what_a_fault_after_commit_hid(sandbox: Sandbox, kind: str) -> None:
    sandbox.break_(kind=kind, times=1)

    attempt(sandbox, "key")
    hidden = [line["id"] for line in sandbox.books()]
    found = attempt(sandbox, "key")

    assert len(hidden) == 1
    assert found is not None
    assert [found.json()["id"]] == hidden == [line["id"] for line in sandbox.books()]


def test_the_answers_of_faults_are_those_of_yookassa(sandbox: Sandbox) -> None:
    for kind in ("accepted_202_before", "error_500_before", "throttled_429"):
        sandbox.break_(kind=kind, times=1, retry_after_ms=2500)
    accepted, failed, throttled = (sandbox.api.get("/me") for _ in range(3))

    assert (accepted.status_code, accepted.json()["code"]) == (202, "request_accepted")
    assert accepted.json()["retry_after"] == 2500
    assert (failed.status_code, failed.json()["code"]) == (500, "internal_server_error")
    assert (throttled.status_code, throttled.json()["code"]) == (429, "too_many_requests")
    assert throttled.json()["retry_after"] == 2500
    assert throttled.headers["retry-after"] == "3"


@pytest.mark.parametrize("kind", ["drop_before", "drop_after_commit"])
def test_a_dropped_connection_gives_not_one_byte(sandbox: Sandbox, kind: str) -> None:
    sandbox.break_(kind=kind, times=1)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)) as dropped:
        sandbox.api.get("/me")

    assert "without sending a response" in str(dropped.value)
    assert sandbox.api.get("/me").status_code == 200


def test_a_truncated_body_is_noticed(sandbox: Sandbox) -> None:
    sandbox.break_(kind="truncated_body", times=1)

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        sandbox.api.get("/me")


def test_a_page_of_html_comes_with_the_wanted_status(sandbox: Sandbox) -> None:
    sandbox.break_(kind="html_body", status=502, times=1)

    answer = sandbox.api.get("/me")

    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert answer.text.startswith("<html>")


def test_latency_is_felt(sandbox: Sandbox) -> None:
    sandbox.break_(kind="latency_before", latency_ms=150, times=1)
    sandbox.break_(kind="latency_after_commit", latency_ms=150, times=1)

    started = time.monotonic()
    sandbox.api.get("/me")

    assert time.monotonic() - started >= 0.3


def test_a_timeout_after_commit_hides_a_payment(sandbox: Sandbox) -> None:
    sandbox.break_(kind="latency_after_commit", latency_ms=2_000, times=1)

    with pytest.raises(httpx.ReadTimeout):
        sandbox.api.post(
            "/payments", headers={"Idempotence-Key": "key"}, json=checkout(), timeout=0.3
        )

    assert len(sandbox.books()) == 1


def test_a_timeout_before_it_does_not(sandbox: Sandbox) -> None:
    sandbox.break_(kind="latency_before", latency_ms=2_000, times=1)

    with pytest.raises(httpx.ReadTimeout):
        sandbox.api.post(
            "/payments", headers={"Idempotence-Key": "key"}, json=checkout(), timeout=0.3
        )

    assert sandbox.books() == []


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("wrong_amount", {"amount": money("100.01")}),
        ("wrong_currency", {"amount": money("100.00", "USD")}),
        ("flipped_test", {"test": False}),
    ],
)
def test_an_answer_may_lie(sandbox: Sandbox, kind: str, changed: dict[str, Any]) -> None:
    payment = sandbox.paid()
    sandbox.break_(kind=kind, times=2)

    shown = sandbox.get(f"/payments/{payment['id']}")
    listed = sandbox.get("/payments")["items"]

    assert shown == {**payment, **changed}
    assert listed == [shown]
    assert sandbox.get(f"/payments/{payment['id']}") == payment


def test_a_rule_strikes_only_what_it_matches(sandbox: Sandbox) -> None:
    sandbox.break_(kind="error_500_before", operation="create_refund")
    sandbox.break_(kind="error_500_before", method="GET", path_prefix="/v3/refunds")
    payment = sandbox.paid()

    assert sandbox.refund(payment["id"], "1.00").status_code == 500
    assert sandbox.api.get("/refunds").status_code == 500
    assert sandbox.api.get("/payments").status_code == 200
    assert counts(sandbox) == [(1, 1), (1, 1)]


def test_a_rule_strikes_the_nth_request(sandbox: Sandbox) -> None:
    sandbox.break_(kind="error_500_before", operation="me", nth=3)

    assert [sandbox.api.get("/me").status_code for _ in range(5)] == [200, 200, 500, 200, 200]
    assert counts(sandbox) == [(5, 1)]


def test_a_rule_strikes_a_number_of_times(sandbox: Sandbox) -> None:
    sandbox.break_(kind="error_500_before", operation="me", times=2)

    assert [sandbox.api.get("/me").status_code for _ in range(4)] == [500, 500, 200, 200]


def test_a_probability_is_drawn_from_its_seed(sandbox: Sandbox) -> None:
    def statuses() -> list[int]:
        sandbox.control.delete("/faults")
        sandbox.break_(kind="error_500_before", operation="me", probability=0.4, seed=11)
        return [sandbox.api.get("/me").status_code for _ in range(100)]

    first = statuses()

    assert 25 <= first.count(500) <= 55
    assert statuses() == first


def test_latency_and_a_fault_strike_together(sandbox: Sandbox) -> None:
    sandbox.break_(kind="latency_before", latency_ms=100)
    sandbox.break_(kind="error_500_before")

    started = time.monotonic()

    assert sandbox.api.get("/me").status_code == 500
    assert time.monotonic() - started >= 0.1


def test_cleared_rules_strike_no_more(sandbox: Sandbox) -> None:
    sandbox.break_(kind="error_500_before")
    assert sandbox.api.get("/me").status_code == 500

    sandbox.control.delete("/faults")

    assert sandbox.api.get("/me").status_code == 200
    assert counts(sandbox) == []


@pytest.mark.parametrize(
    "rule", [{"kind": "earthquake"}, {"kind": "drop_before", "probability": 2}, {"nth": 1}, "x"]
)
def test_a_rule_that_makes_no_sense_is_refused(sandbox: Sandbox, rule: Any) -> None:
    assert sandbox.control.post("/faults", json=[rule]).status_code == 400
    assert counts(sandbox) == []
