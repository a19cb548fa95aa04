"""Refunds: never more than was captured, whatever is asked for."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.sandbox.harness import Sandbox, money


def refused(sandbox: Sandbox, payment_id: str, value: str, currency: str = "RUB") -> str:
    answer = sandbox.refund(payment_id, value, currency)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    return str(answer.json()["description"])


def test_more_than_was_captured_is_refused(sandbox: Sandbox) -> None:
    payment = sandbox.paid("100.00")["id"]

    assert refused(sandbox, payment, "100.01") == "Refund sum exceeded"
    assert sandbox.refund(payment, "60.00").status_code == 200
    assert refused(sandbox, payment, "40.01") == "Refund sum exceeded"
    assert sandbox.refund(payment, "40.00").status_code == 200
    assert refused(sandbox, payment, "1.00") == "Payment is already completely refunded"


def test_only_the_captured_part_can_be_refunded(sandbox: Sandbox) -> None:
    held = sandbox.paid("100.00", capture=False)["id"]
    sandbox.post(f"/payments/{held}/capture", {"amount": money("40.00")})

    assert refused(sandbox, held, "40.01") == "Refund sum exceeded"
    assert sandbox.refund(held, "40.00").status_code == 200


@pytest.mark.parametrize("left", ["0.01", "0.99", "1.00"])
def test_too_little_may_not_be_left(sandbox: Sandbox, left: str) -> None:
    payment = sandbox.paid("100.00")["id"]
    value = f"{(10_000 - round(float(left) * 100)) / 100:.2f}"

    assert refused(sandbox, payment, value) == (
        "Remaining payment amount after refund must be greater than 1.00 RUB"
    )


def test_another_currency_is_refused(sandbox: Sandbox) -> None:
    payment = sandbox.paid("100.00", "USD")["id"]

    assert refused(sandbox, payment, "1.00", "EUR") == "Currencies do not match"
    assert sandbox.refund(payment, "99.50", "USD").status_code == 200


def test_only_a_succeeded_payment_can_be_refunded(sandbox: Sandbox) -> None:
    message = "Payment can not be refunded in current status"
    pending = sandbox.check_out()["id"]
    held = sandbox.paid(capture=False)["id"]
    canceled = sandbox.paid(card="5555555555554600")["id"]

    assert {refused(sandbox, each, "1.00") for each in (pending, held, canceled)} == {message}


def test_after_three_years_nothing_is_refunded(sandbox: Sandbox) -> None:
    payment = sandbox.paid()["id"]

    sandbox.clock.advance(days=3 * 365, minutes=1)

    assert refused(sandbox, payment, "1.00") == "Payment can not be refunded in current status"


def test_some_methods_know_only_whole_refunds(sandbox: Sandbox) -> None:
    payment = sandbox.paid("100.00", payment_method_data={"type": "sber_loan"})["id"]

    assert refused(sandbox, payment, "50.00") == "Partial refund forbidden"
    assert sandbox.refund(payment, "100.00").status_code == 200


def test_an_unknown_payment_cannot_be_refunded(sandbox: Sandbox) -> None:
    assert sandbox.refund("x" * 36, "1.00").json()["parameter"] == "payment_id"


def test_a_declined_refund_frees_what_it_held(sandbox: Sandbox) -> None:
    payment = sandbox.paid("100.00")["id"]
    sandbox.configure(refunds="decline")

    declined = sandbox.refund(payment, "100.00").json()

    assert (declined["status"], declined["cancellation_details"]) == (
        "canceled",
        {"party": "yoo_money", "reason": "insufficient_funds"},
    )
    assert sandbox.get(f"/payments/{payment}")["refunded_amount"]["value"] == "0.00"
    sandbox.configure(refunds="succeed")
    assert sandbox.refund(payment, "100.00").json()["status"] == "succeeded"


@pytest.mark.parametrize(
    ("outcome", "status", "refunded"),
    [("succeed", "succeeded", "60.00"), ("decline", "canceled", "0.00")],
)
def test_a_pending_refund_holds_its_sum_until_it_is_decided(
    sandbox: Sandbox, outcome: str, status: str, refunded: str
) -> None:
    payment = sandbox.paid("100.00")["id"]
    sandbox.configure(refunds="stay_pending")
    pending = sandbox.refund(payment, "60.00").json()
    assert (pending["status"], refused(sandbox, payment, "60.00")) == (
        "pending",
        "Refund sum exceeded",
    )

    url = f"/refunds/{pending['id']}/outcome"
    assert sandbox.control.post(url, json={"outcome": outcome}).status_code == 200

    assert sandbox.get(f"/refunds/{pending['id']}")["status"] == status
    assert sandbox.get(f"/payments/{payment}")["refunded_amount"]["value"] == refunded
    assert sandbox.control.post(url, json={"outcome": outcome}).status_code == 409


def text(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


_moves = st.lists(
    st.tuples(
        st.sampled_from(["succeed", "stay_pending", "decline", "finish", "reject"]),
        st.integers(1, 12_000),
    ),
    max_size=12,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(captured=st.integers(1, 10_000), moves=_moves)
def test_refunds_never_exceed_the_captured_sum(
    sandbox: Sandbox, captured: int, moves: list[tuple[str, int]]
) -> None:
    payment = sandbox.paid(text(captured), "USD")["id"]
    pending: list[tuple[str, int]] = []
    refunded = held = 0

    for move, minor in moves:
        if move in ("finish", "reject"):
            if not pending:
                continue
            refund_id, amount = pending.pop()
            outcome = {"outcome": "succeed" if move == "finish" else "decline"}
            sandbox.control.post(f"/refunds/{refund_id}/outcome", json=outcome)
            refunded += amount if move == "finish" else 0
            held -= 0 if move == "finish" else amount
            continue
        sandbox.configure(refunds=move)
        answer = sandbox.refund(payment, text(minor), "USD")
        assert answer.is_success == (minor <= captured - held)
        if answer.is_success and move == "stay_pending":
            pending.append((answer.json()["id"], minor))
        if answer.is_success:
            held += 0 if move == "decline" else minor
            refunded += minor if move == "succeed" else 0

    shown: Any = sandbox.get(f"/payments/{payment}")
    listed = sandbox.get("/refunds", payment_id=payment, limit=100)["items"]
    assert shown["refunded_amount"]["value"] == text(refunded)
    assert refunded <= held <= captured
    assert shown["refundable"] == (refunded < captured)
    assert (
        sum(
            round(float(each["amount"]["value"]) * 100)
            for each in listed
            if each["status"] == "succeeded"
        )
        == refunded
    )
