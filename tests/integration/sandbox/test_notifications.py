"""Notifications: delivered at least once, late, twice, shuffled or never, as configured."""

from typing import Any

import pytest

from tests.integration.sandbox.harness import OAUTH_TOKEN, Receiver, Sandbox, checkout, until


def queued(sandbox: Sandbox) -> int:
    return int(sandbox.stats()["notifications"]["queued"])


def settled(sandbox: Sandbox) -> None:
    until(lambda: sandbox.idle()["idle"], "the sandbox did not fall silent")


def test_a_payment_is_announced_with_its_whole_object(
    notified: Sandbox, receiver: Receiver
) -> None:
    payment = notified.paid(metadata={"order": "72"})

    assert receiver.wait_for(1) == [
        {"type": "notification", "event": "payment.succeeded", "object": payment}
    ]


def test_every_kind_of_event_is_announced(notified: Sandbox, receiver: Receiver) -> None:
    held = notified.paid(capture=False)
    receiver.wait_for(1)
    notified.post(f"/payments/{held['id']}/capture")
    receiver.wait_for(2)
    refund = notified.refund(held["id"], "10.00").json()
    receiver.wait_for(3)
    declined = notified.check_out()
    notified.decide(declined["id"], action="decline")
    receiver.wait_for(4)

    assert receiver.events() == [
        ("payment.waiting_for_capture", held["id"]),
        ("payment.succeeded", held["id"]),
        ("refund.succeeded", refund["id"]),
        ("payment.canceled", declined["id"]),
    ]


def test_only_chosen_events_are_announced(notified: Sandbox, receiver: Receiver) -> None:
    notified.configure(notifications={"events": ["payment.canceled"]})
    notified.paid()
    declined = notified.paid(card="5555555555554600")

    receiver.wait_for(1)
    settled(notified)

    assert receiver.events() == [("payment.canceled", declined["id"])]


@pytest.mark.parametrize("statuses", [[500, 404, 302], [201, 204]])
def test_any_answer_but_200_brings_it_again(
    notified: Sandbox, receiver: Receiver, statuses: list[int]
) -> None:
    receiver.script = list(statuses)
    payment = notified.paid()

    receiver.wait_for(len(statuses) + 1)
    until(lambda: queued(notified) == 0, "it was delivered and still queued")

    assert receiver.events() == [("payment.succeeded", payment["id"])] * (len(statuses) + 1)
    counted = notified.stats()["notifications"]
    assert (counted["refused"], counted["delivered"]) == (len(statuses), 1)


def test_an_absent_receiver_does_not_lose_anything(sandbox: Sandbox) -> None:
    receiver = Receiver()
    sandbox.configure(
        notifications={"urls": ["http://127.0.0.1:1/hook", receiver.url], "retry_seconds": [0.02]}
    )
    payment = sandbox.paid()
    receiver.wait_for(1)
    until(lambda: sandbox.stats()["notifications"].get("refused", 0) >= 2, "no redelivery")

    assert receiver.events() == [("payment.succeeded", payment["id"])]
    assert queued(sandbox) == 1
    receiver.close()


def test_a_slow_receiver_is_given_up_in_time(notified: Sandbox, receiver: Receiver) -> None:
    notified.configure(notifications={"timeout_seconds": 0.05})
    receiver.answering.clear()
    notified.paid()

    until(lambda: notified.stats()["notifications"].get("refused", 0) >= 1, "no timeout")

    receiver.answering.set()
    until(lambda: queued(notified) == 0, "it was not delivered after all")


def test_after_24_hours_the_sender_gives_up(notified: Sandbox, receiver: Receiver) -> None:
    receiver.script = [500] * 1000
    notified.paid()
    receiver.wait_for(2)
    assert queued(notified) == 1

    notified.clock.advance(hours=24)
    until(lambda: queued(notified) == 0, "it was not given up")

    assert notified.stats()["notifications"]["abandoned"] == 1


def test_duplicates_are_sent_on_demand(notified: Sandbox, receiver: Receiver) -> None:
    notified.configure(notifications={"duplicate_percent": 100})
    payment = notified.paid()

    receiver.wait_for(2)
    settled(notified)

    assert receiver.events() == [("payment.succeeded", payment["id"])] * 2


def test_notifications_are_lost_on_demand(notified: Sandbox, receiver: Receiver) -> None:
    notified.configure(notifications={"lost_percent": 100})
    notified.paid()
    settled(notified)

    assert receiver.received == []
    assert notified.stats()["notifications"]["lost"] == 1


def test_a_share_is_lost_and_duplicated(notified: Sandbox, receiver: Receiver) -> None:
    method = notified.paid(save_payment_method=True)["id"]
    receiver.wait_for(1)
    notified.configure(notifications={"lost_percent": 25, "duplicate_percent": 25})

    for _ in range(200):
        notified.charge(method)
    settled(notified)

    counted = notified.stats()["notifications"]
    assert 25 <= counted["lost"] <= 75
    assert 20 <= counted["duplicated"] <= 70
    sent = 201 - counted["lost"] + counted["duplicated"]
    assert len(receiver.wait_for(sent)) == sent
    assert counted["delivered"] == sent


def test_order_is_not_kept_when_shuffled(notified: Sandbox, receiver: Receiver) -> None:
    method = notified.paid(save_payment_method=True)["id"]
    receiver.wait_for(1)
    notified.configure(notifications={"shuffle_seconds": 0.5, "concurrency": 1})
    charged = [notified.charge(method)["id"] for _ in range(20)]

    receiver.wait_for(21)

    received = [payment_id for _, payment_id in receiver.events()][1:]
    assert sorted(received) == sorted(charged)
    assert received != charged


def test_order_is_kept_when_one_connection_sends(notified: Sandbox, receiver: Receiver) -> None:
    method = notified.paid(save_payment_method=True)["id"]
    receiver.wait_for(1)
    notified.configure(notifications={"concurrency": 1})
    charged = [notified.charge(method)["id"] for _ in range(20)]

    receiver.wait_for(21)

    assert [payment_id for _, payment_id in receiver.events()][1:] == charged


def test_a_delay_is_business_time(notified: Sandbox, receiver: Receiver) -> None:
    notified.configure(notifications={"delay_seconds": 3 * 86_400})
    payment = notified.paid()
    assert notified.idle() == {"idle": True, "sending": 0, "due": 0, "retrying": 0, "later": 1}

    notified.clock.advance(days=2, hours=23)
    settled(notified)
    assert receiver.received == []
    notified.clock.advance(hours=1)

    receiver.wait_for(1)
    assert receiver.events() == [("payment.succeeded", payment["id"])]


def test_a_notification_shows_the_object_of_its_moment(
    notified: Sandbox, receiver: Receiver
) -> None:
    notified.configure(notifications={"delay_seconds": 60})
    held = notified.paid(capture=False)
    notified.post(f"/payments/{held['id']}/capture")
    notified.clock.advance(seconds=60)

    shown = {each["event"]: each["object"]["status"] for each in receiver.wait_for(2)}

    assert shown == {
        "payment.waiting_for_capture": "waiting_for_capture",
        "payment.succeeded": "succeeded",
    }


def test_registered_webhooks_are_notified_too(sandbox: Sandbox, receiver: Receiver) -> None:
    bearer = {"Authorization": f"Bearer {OAUTH_TOKEN}", "Idempotence-Key": "w"}
    wanted = {"event": "payment.canceled", "url": receiver.url}
    sandbox.api.post("/webhooks", json=wanted, headers=bearer, auth=lambda request: request)
    sandbox.paid()
    declined = sandbox.paid(card="5555555555554600")

    receiver.wait_for(1)
    settled(sandbox)

    assert receiver.events() == [("payment.canceled", declined["id"])]


def test_idle_waits_for_what_is_being_sent(notified: Sandbox, receiver: Receiver) -> None:
    receiver.script = [500] * 3
    notified.configure(notifications={"retry_seconds": [600]})
    notified.paid()

    receiver.wait_for(1)
    until(lambda: notified.idle()["retrying"] == 1, "the refusal was not noticed")

    assert notified.idle() == {"idle": True, "sending": 0, "due": 0, "retrying": 1, "later": 0}


def test_a_state_can_be_sent_again_under_any_event(notified: Sandbox, receiver: Receiver) -> None:
    payment = notified.check_out()
    body = {"payment_id": payment["id"], "event": "payment.succeeded", "times": 5}

    assert notified.control.post("/notifications", json=body).status_code == 202

    forged: list[Any] = receiver.wait_for(5)
    assert {(each["event"], each["object"]["status"]) for each in forged} == {
        ("payment.succeeded", "pending")
    }


def test_a_reset_forgets_what_waits_to_be_sent(notified: Sandbox, receiver: Receiver) -> None:
    notified.configure(notifications={"concurrency": 1})
    receiver.answering.clear()
    forgotten = [notified.paid()["id"] for _ in range(5)]
    until(lambda: notified.idle()["sending"] > 1, "nothing was claimed")

    notified.control.post("/reset", json={"keep_config": True})
    receiver.answering.set()
    kept = notified.paid()["id"]
    until(lambda: ("payment.succeeded", kept) in receiver.events(), "the new one did not come")
    settled(notified)

    assert [payment_id for _, payment_id in receiver.events()] in ([forgotten[0], kept], [kept])


def test_a_refused_request_announces_nothing(notified: Sandbox, receiver: Receiver) -> None:
    assert notified.post("/payments", checkout("0.00")).status_code == 400
    paid = notified.paid()
    assert notified.refund(paid["id"], "100.01").status_code == 400
    receiver.wait_for(1)
    settled(notified)

    assert receiver.events() == [("payment.succeeded", paid["id"])]
