"""For 24 hours a key stands for one request and its object."""

from uuid import uuid4

from tests.integration.sandbox.harness import Sandbox, checkout, money, refusal


def test_a_missing_or_overlong_key_is_refused(sandbox: Sandbox) -> None:
    missing = sandbox.api.post("/payments", json=checkout())
    overlong = sandbox.post("/payments", checkout(), key="k" * 65)

    assert refusal(missing)[2:] == ("Idempotence key is empty", "Idempotence-Key")
    assert refusal(overlong)[2:] == (
        "Idempotence key is too long. Max. length is 64",
        "Idempotence-Key",
    )
    assert sandbox.post("/payments", checkout(), key="k" * 64).status_code == 200


def test_a_key_of_another_operation_or_object_is_refused(sandbox: Sandbox) -> None:
    one, other = (sandbox.paid(capture=False)["id"] for _ in range(2))
    assert sandbox.post(f"/payments/{one}/capture", key="key").status_code == 200

    for path in (f"/payments/{other}/capture", f"/payments/{one}/cancel"):
        answer = sandbox.post(path, key="key")
        assert refusal(answer)[2] == "Duplicate idempotence key"
    assert sandbox.get(f"/payments/{other}")["status"] == "waiting_for_capture"


def test_the_order_of_fields_makes_no_other_request(sandbox: Sandbox) -> None:
    key, body = str(uuid4()), checkout()
    first = sandbox.post("/payments", body, key=key).json()

    again = sandbox.post("/payments", dict(reversed(body.items())), key=key).json()

    assert again["id"] == first["id"]


def test_a_replay_shows_the_object_as_it_is_now(sandbox: Sandbox) -> None:
    key = str(uuid4())
    payment = sandbox.post("/payments", checkout(), key=key).json()
    sandbox.decide(payment["id"])

    again = sandbox.post("/payments", checkout(), key=key).json()

    assert (again["id"], again["status"]) == (payment["id"], "succeeded")


def test_a_refused_request_leaves_its_key_free(sandbox: Sandbox) -> None:
    key = str(uuid4())
    assert sandbox.post("/payments", checkout("0.00"), key=key).status_code == 400

    assert sandbox.post("/payments", checkout("1.00"), key=key).status_code == 200


def test_a_refund_and_a_capture_are_replayed(sandbox: Sandbox) -> None:
    held = sandbox.paid(capture=False)
    key = str(uuid4())
    for _ in range(2):
        captured = sandbox.post(f"/payments/{held['id']}/capture", key=key)
        assert captured.json()["status"] == "succeeded"

    body = {"payment_id": held["id"], "amount": money("60.00")}
    first, again = (sandbox.post("/refunds", body, key=f"r{key[:30]}").json() for _ in "12")

    assert first["id"] == again["id"]
    shown = sandbox.get(f"/payments/{held['id']}")
    assert shown["refunded_amount"]["value"] == "60.00"


def test_a_key_is_forgotten_after_24_hours(sandbox: Sandbox) -> None:
    key = str(uuid4())
    first = sandbox.post("/payments", checkout("1.00"), key=key).json()

    sandbox.clock.advance(hours=23, minutes=59)
    assert sandbox.post("/payments", checkout("1.00"), key=key).json()["id"] == first["id"]
    sandbox.clock.advance(minutes=1)

    another = sandbox.post("/payments", checkout("2.00"), key=key)
    assert another.status_code == 200
    assert another.json()["id"] != first["id"]
