"""What happens by itself when business time moves."""

from tests.integration.sandbox.harness import Receiver, Sandbox


def details(sandbox: Sandbox, payment_id: str) -> tuple[str, dict[str, str] | None]:
    payment = sandbox.get(f"/payments/{payment_id}")
    return payment["status"], payment.get("cancellation_details")


def test_an_unpaid_payment_expires_after_an_hour(sandbox: Sandbox) -> None:
    payment = sandbox.check_out()

    sandbox.clock.advance(minutes=59, seconds=59)
    assert details(sandbox, payment["id"])[0] == "pending"
    sandbox.clock.advance(seconds=1)

    assert details(sandbox, payment["id"]) == (
        "canceled",
        {"party": "yoo_money", "reason": "expired_on_confirmation"},
    )
    assert sandbox.decide(payment["id"]).status_code == 409


def test_a_held_card_payment_expires_after_seven_days(sandbox: Sandbox) -> None:
    payment = sandbox.paid(capture=False)
    assert payment["expires_at"] == "1997-06-09T12:00:00.000Z"

    sandbox.clock.advance(days=6, hours=23)
    assert details(sandbox, payment["id"])[0] == "waiting_for_capture"
    sandbox.clock.advance(hours=1)

    answer = sandbox.post(f"/payments/{payment['id']}/capture")
    assert answer.json()["description"] == "You can not capture payment in status canceled"
    assert details(sandbox, payment["id"])[1] == {
        "party": "yoo_money",
        "reason": "expired_on_capture",
    }


def test_other_methods_are_held_for_six_hours(sandbox: Sandbox) -> None:
    payment = sandbox.paid(capture=False, payment_method_data={"type": "sberbank"})

    assert payment["expires_at"] == "1997-06-02T18:00:00.000Z"


def test_expiries_are_announced_though_nobody_asks(notified: Sandbox, receiver: Receiver) -> None:
    unpaid = notified.check_out()
    held = notified.paid(capture=False)
    receiver.wait_for(1)

    notified.clock.advance(days=8)
    receiver.wait_for(3)

    assert receiver.events()[0] == ("payment.waiting_for_capture", held["id"])
    assert set(receiver.events()[1:]) == {
        ("payment.canceled", unpaid["id"]),
        ("payment.canceled", held["id"]),
    }


def test_a_binding_nobody_finishes_becomes_inactive(sandbox: Sandbox) -> None:
    method = sandbox.post("/payment_methods", {"type": "bank_card"}).json()

    sandbox.clock.advance(hours=1)

    assert sandbox.get(f"/payment_methods/{method['id']}")["status"] == "inactive"


def test_business_time_never_goes_back(sandbox: Sandbox) -> None:
    first = sandbox.check_out()
    sandbox.clock.advance(days=-1)
    second = sandbox.check_out()

    assert second["created_at"] == first["created_at"]
    listed = [payment["id"] for payment in sandbox.get("/payments")["items"]]
    assert listed == [second["id"], first["id"]]
