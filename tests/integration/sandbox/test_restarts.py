"""The sandbox keeps its word across its own death."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from tests.integration.sandbox.harness import (
    NOON,
    MovableClock,
    Receiver,
    Sandbox,
    checkout,
    running_sandbox,
    until,
)

ROOT = Path(__file__).parents[3]


def set_time(folder: Path, now: datetime) -> None:
    (folder / "now.new").write_text(now.isoformat())
    (folder / "now.new").rename(folder / "now")


@contextmanager
def process(folder: Path) -> Iterator[tuple[Sandbox, "subprocess.Popen[bytes]"]]:
    """A sandbox in a process of its own, killed at the end at the latest."""
    port = folder / "port"
    port.unlink(missing_ok=True)
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.sandbox.served", str(folder)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    try:
        until(lambda: port.exists() or child.poll() is not None, "it did not start", 20)
        sandbox = Sandbox(f"http://127.0.0.1:{port.read_text()}", MovableClock())
        yield sandbox, child
        sandbox.close()
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_everything_survives(tmp_path: Path, how: signal.Signals) -> None:
    set_time(tmp_path, NOON)
    with process(tmp_path) as (sandbox, child):
        sandbox.configure(decline_percent=100, decline_reasons={"card_expired": 1})
        sandbox.break_(kind="error_500_before", operation="me", nth=2)
        assert sandbox.api.get("/me").status_code == 200
        paid = sandbox.paid(save_payment_method=True)
        refund = sandbox.refund(paid["id"], "10.00").json()
        paid = sandbox.get(f"/payments/{paid['id']}")
        open_ = sandbox.post("/payments", checkout(), key="the-key").json()
        child.send_signal(how)
        child.wait()

    with process(tmp_path) as (sandbox, _):
        assert sandbox.get(f"/payments/{paid['id']}") == paid
        assert sandbox.get(f"/refunds/{refund['id']}") == refund
        assert sandbox.post("/payments", checkout(), key="the-key").json()["id"] == open_["id"]
        assert sandbox.post("/payments", checkout("1.00"), key="the-key").status_code == 400
        assert sandbox.charge(paid["id"])["cancellation_details"]["reason"] == "card_expired"
        assert sandbox.api.get("/me").status_code == 500, "the fault's count was forgotten"
        assert len({line["id"] for line in sandbox.books()}) == 3
        assert [item["id"] for item in sandbox.get("/payments")["items"]][1:] == [
            open_["id"],
            paid["id"],
        ]


def test_notifications_survive_being_killed(tmp_path: Path, receiver: Receiver) -> None:
    set_time(tmp_path, NOON)
    roads = {"urls": [receiver.url], "delay_seconds": 60, "retry_seconds": [0.02]}
    with process(tmp_path) as (sandbox, child):
        sandbox.configure(notifications=roads)
        delayed = [sandbox.paid()["id"] for _ in range(5)]
        sandbox.configure(notifications={"delay_seconds": 0})
        receiver.script = [500] * 10_000
        refused = sandbox.paid()["id"]
        receiver.wait_for(2)
        child.kill()
        child.wait()
    receiver.script = []
    receiver.received = []
    set_time(tmp_path, NOON.replace(minute=1))

    with process(tmp_path) as (sandbox, _):
        received = receiver.wait_for(6)
        until(lambda: sandbox.stats()["notifications"]["queued"] == 0, "something stayed queued")

    assert {each["object"]["id"] for each in received} == {*delayed, refused}


def test_deadlines_are_met_after_a_stop(tmp_path: Path) -> None:
    clock = MovableClock()
    with running_sandbox(tmp_path, clock=clock) as sandbox:
        payment = sandbox.check_out()
    clock.advance(hours=2)

    with running_sandbox(tmp_path, clock=clock) as sandbox:
        shown = sandbox.get(f"/payments/{payment['id']}")

    assert shown["cancellation_details"]["reason"] == "expired_on_confirmation"


def test_a_late_capture_is_listed_after_a_restart(tmp_path: Path) -> None:
    clock = MovableClock()
    with running_sandbox(tmp_path, clock=clock) as sandbox:
        held = sandbox.paid(capture=False)["id"]
        clock.advance(days=6)
        sandbox.post(f"/payments/{held}/capture")

    with running_sandbox(tmp_path, clock=clock) as sandbox:
        query = {"captured_at.gte": "1997-06-08T00:00:00Z"}
        listed = sandbox.get("/payments", **query)["items"]

    assert [item["id"] for item in listed] == [held]


def test_the_state_belongs_to_one_process(tmp_path: Path) -> None:
    set_time(tmp_path, NOON)
    with running_sandbox(tmp_path), process(tmp_path) as (_, child):
        assert child.wait(10) == 3


def test_two_sandboxes_never_share_an_id(tmp_path: Path) -> None:
    ids = []
    for name in ("one", "two"):
        with running_sandbox(tmp_path / name) as sandbox:
            ids.append(sandbox.check_out()["id"])

    assert ids[0] != ids[1]
