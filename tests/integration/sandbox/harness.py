"""A sandbox that really listens, and a receiver of notifications that really answers."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import uvicorn

from entrypoints.sandbox.app import create_sandbox
from entrypoints.sandbox.cloudpayments.terminal import Account
from entrypoints.sandbox.server import server_config
from entrypoints.sandbox.yookassa.behaviour import Behaviour, Notifications

SHOP_ID = "100500"
SECRET_KEY = "test_secret"
AGENT_ID, AGENT_SECRET = "500500", "test_payout_secret"
WALLET = "41001614575714"
OAUTH_TOKEN = "oauth-token"
CONTROL_TOKEN = "control-token"
RETURN_URL = "http://shop.example/return"
NOON = datetime(1997, 6, 2, 12, tzinfo=UTC)
QUICK = (0.02, 0.02, 0.05)


TERMINAL = Account(public_id="test_api_1", secret="test_api_secret")


class MovableClock:
    """Business time that moves only when told to."""

    def __init__(self, start: datetime = NOON) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


class Sandbox:
    """The application behind a loopback port, and short ways to talk to it."""

    def __init__(self, url: str, clock: MovableClock) -> None:
        self.url = url
        self.clock = clock
        self.web = httpx.Client(timeout=10)
        self.api = httpx.Client(base_url=f"{url}/v3", auth=(SHOP_ID, SECRET_KEY), timeout=10)
        self.payouts = httpx.Client(base_url=f"{url}/v3", auth=(AGENT_ID, AGENT_SECRET), timeout=10)
        self.control = httpx.Client(
            base_url=f"{url}/sandbox/control",
            headers={"X-Sandbox-Control": CONTROL_TOKEN},
            timeout=10,
        )

    def close(self) -> None:
        self.web.close()
        self.api.close()
        self.payouts.close()
        self.control.close()

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """POST under an idempotence key, a fresh one unless given."""
        headers = {"Idempotence-Key": key or str(uuid4())}
        if body is None:
            return self.api.post(path, headers={**headers, "Content-Type": "application/json"})
        return self.api.post(path, headers=headers, json=body)

    def get(self, path: str, **query: str | int) -> Any:
        answer = self.api.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def check_out(self, value: str = "100.00", currency: str = "RUB", **more: Any) -> Any:
        """Create a payment for its payer to confirm."""
        answer = self.post("/payments", checkout(value, currency, **more))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def decide(self, payment_id: str, **decision: str) -> httpx.Response:
        return self.web.post(f"{self.url}/sandbox/yookassa/confirm/{payment_id}", json=decision)

    def paid(self, value: str = "100.00", currency: str = "RUB", **more: Any) -> Any:
        """Create a payment and pay it at its page."""
        card = more.pop("card", "5555555555554477")
        payment = self.check_out(value, currency, **more)
        assert self.decide(payment["id"], card=card).status_code == 200
        return self.get(f"/payments/{payment['id']}")

    def charge(
        self, method_id: str, value: str = "100.00", *, key: str | None = None, **more: Any
    ) -> Any:
        """Charge a saved method."""
        body = {"amount": money(value), "capture": True, "payment_method_id": method_id, **more}
        answer = self.post("/payments", body, key=key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refund(self, payment_id: str, value: str, currency: str = "RUB") -> httpx.Response:
        return self.post("/refunds", {"payment_id": payment_id, "amount": money(value, currency)})

    def pay_out(
        self, value: str = "100.00", *, key: str | None = None, wallet: str = WALLET, **more: Any
    ) -> httpx.Response:
        """Create a payout to a YooMoney wallet."""
        body = {
            "amount": money(value),
            "payout_destination_data": {"type": "yoo_money", "account_number": wallet},
            **more,
        }
        headers = {"Idempotence-Key": key or str(uuid4())}
        return self.payouts.post("/payouts", headers=headers, json=body)

    def configure(self, **patch: Any) -> None:
        answer = self.control.patch("/config", json=patch)
        assert answer.status_code == 200, answer.text

    def break_(self, **rule: Any) -> None:
        """Arm one fault rule."""
        answer = self.control.post("/faults", json=[rule])
        assert answer.status_code == 201, answer.text

    def stats(self) -> Any:
        return self.control.get("/stats").json()

    def idle(self) -> Any:
        return self.control.get("/idle").json()

    def books(self) -> list[Any]:
        with self.control.stream("GET", "/payments") as answer:
            return [msgspec.json.decode(line) for line in answer.iter_lines()]


def money(value: str, currency: str = "RUB") -> dict[str, str]:
    return {"value": value, "currency": currency}


def checkout(value: str = "100.00", currency: str = "RUB", **more: Any) -> dict[str, Any]:
    return {
        "amount": money(value, currency),
        "capture": True,
        "confirmation": {"type": "redirect", "return_url": RETURN_URL},
        **more,
    }


def refusal(answer: httpx.Response) -> tuple[int, str, str | None, str | None]:
    """Return an error's status, code, description and parameter."""
    body = answer.json()
    assert body["type"] == "error"
    assert body["id"]
    return answer.status_code, body["code"], body.get("description"), body.get("parameter")


@contextmanager
def running_sandbox(
    folder: Path, *, clock: MovableClock | None = None, behaviour: Behaviour | None = None
) -> Iterator[Sandbox]:
    """Serve the sandbox from a thread of its own until the block ends."""
    clock = clock or MovableClock()
    app = create_sandbox(
        folder=folder,
        now=clock,
        shop_id=SHOP_ID,
        secret_key=SECRET_KEY,
        control_token=CONTROL_TOKEN,
        oauth_tokens=(OAUTH_TOKEN,),
        payout_agent=AGENT_ID,
        payout_secret=AGENT_SECRET,
        behaviour=behaviour,
        terminal=TERMINAL,
    )
    server = uvicorn.Server(server_config(app, host="127.0.0.1", port=0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started, "the sandbox did not start")
    port = server.servers[0].sockets[0].getsockname()[1]
    sandbox = Sandbox(f"http://127.0.0.1:{port}", clock)
    try:
        yield sandbox
    finally:
        sandbox.close()
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive(), "the sandbox did not stop"


def until(condition: Callable[[], bool], complaint: str, seconds: float = 10) -> None:
    """Wait for what has no event to wait on."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.005)


class Receiver:
    """An HTTP server that keeps every notification and answers with the scripted statuses.

    After the script has been used up it answers 200; while `answering` is clear it is silent.
    """

    def __init__(self) -> None:
        self.received: list[Any] = []
        self.script: list[int] = []
        self.answering = threading.Event()
        self.answering.set()
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver._take(msgspec.json.decode(body)))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, notification: Any) -> int:
        self.answering.wait(10)
        with self._changed:
            self.received.append(notification)
            self._changed.notify_all()
            return self.script.pop(0) if self.script else 200

    def wait_for(self, count: int, seconds: float = 10) -> list[Any]:
        """Return what came once it is at least `count`."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= count, seconds), (
                f"{len(self.received)} notifications came, not {count}"
            )
            return list(self.received)

    def events(self) -> list[tuple[str, str]]:
        return [(each["event"], each["object"]["id"]) for each in self.received]


def notifying(urls: Sequence[str], **more: Any) -> Behaviour:
    """A behaviour that notifies these addresses and redelivers quickly."""
    return Behaviour(
        notifications=Notifications(urls=tuple(urls), **{"retry_seconds": QUICK, **more})
    )
