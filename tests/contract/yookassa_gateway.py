"""The YooKassa adapter against the emulator, over real HTTP."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from adapters.clock import ManualClock
from adapters.providers.transport import HttpLimits
from adapters.providers.yookassa import YooKassa, YooKassaSettings, build
from application.payments.provider import EventKind, PaymentProvider, PaymentSnapshot, RawRequest
from domain.payments.declines import DeclineReason
from entrypoints.sandbox.app import create_sandbox
from entrypoints.sandbox.server import server_config
from tests.contract.gateway import NOON, Gateway, Mishap
from tests.contract.letterbox import Received, letterbox

SHOP, SECRET, CONTROL = "100500", "test_secret_key", "control"
CARD = "5555555555554477"
LIMITS = HttpLimits(connect_seconds=1.0, total_seconds=1.0)

# Written down here once more, and not taken from the adapter: a table is not its own proof.
REASONS = {
    DeclineReason.INSUFFICIENT_FUNDS: "insufficient_funds",
    DeclineReason.ISSUER_UNAVAILABLE: "issuer_unavailable",
    DeclineReason.PROCESSOR_ERROR: "internal_timeout",
    DeclineReason.LIMIT_EXCEEDED: "payment_method_limit_exceeded",
    DeclineReason.ISSUER_DECLINED: "call_issuer",
    DeclineReason.EXPIRED_CARD: "card_expired",
    DeclineReason.INVALID_CARD: "invalid_card_number",
    DeclineReason.RESTRICTED: "country_forbidden",
    DeclineReason.FRAUD: "fraud_suspected",
    DeclineReason.AUTHENTICATION: "3d_secure_failed",
    DeclineReason.CONSENT_REVOKED: "permission_revoked",
    DeclineReason.UNRECOGNIZED: "moon_in_the_wrong_phase",
}

FAULTS: dict[Mishap, dict[str, Any]] = {
    Mishap.LOST_ON_THE_WAY: {"kind": "drop_before"},
    Mishap.THROTTLED: {"kind": "throttled_429"},
    Mishap.ANSWERED_TOO_LATE: {"kind": "latency_after_commit", "latency_ms": 1500},
    Mishap.UNFINISHED: {"kind": "accepted_202_after_commit"},
    Mishap.FAILED_AFTER_COMMIT: {"kind": "error_500_after_commit"},
    Mishap.HUNG_UP_AFTER_COMMIT: {"kind": "drop_after_commit"},
    Mishap.CUT_SHORT: {"kind": "truncated_body"},
    Mishap.NOT_ITS_WORDS: {"kind": "html_body"},
}


async def at_once(_seconds: float) -> None:
    """Pause for no time at all."""


class Letterbox:
    """Receives notifications over HTTP and keeps them as they came, by the object they tell of."""

    def __init__(self) -> None:
        self._received: defaultdict[str, asyncio.Queue[RawRequest]] = defaultdict(asyncio.Queue)
        self.url = ""

    async def next(self, external_id: str) -> RawRequest:
        return await asyncio.wait_for(self._received[external_id].get(), 10)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Letterbox"]:
        async with letterbox(self._keep) as url:
            self.url = f"{url}/webhooks/yookassa"
            yield self

    def _keep(self, received: Received) -> None:
        method, path, headers, body, peer = received
        told = RawRequest(method, path, headers, body, peer)
        self._received[json.loads(body)["object"]["id"]].put_nowait(told)


class YooKassaHarness:
    """The adapter, the emulator's control door, and the letterbox of the shop."""

    def __init__(
        self, *, clock: ManualClock, url: str, control: httpx.AsyncClient, letterbox: Letterbox
    ) -> None:
        self.clock = clock
        self.settings = YooKassaSettings(
            shop_id=SHOP,
            secret=SECRET,
            base_url=f"{url}/v3",
            webhook_networks=("127.0.0.0/8",),
            test_mode=True,
            http=LIMITS,
        )
        self.yookassa: YooKassa = build(self.settings)
        self.provider: PaymentProvider = self.yookassa
        self._control = control
        self._letterbox = letterbox

    async def pays(self, payment: PaymentSnapshot) -> None:
        assert payment.confirmation_url
        await self._post(payment.confirmation_url, {"action": "pay", "card": CARD})

    async def declines(self, payment: PaymentSnapshot, reason: DeclineReason) -> None:
        told = (
            {"outcome": "expire"}
            if reason is DeclineReason.ABANDONED
            else {"outcome": "decline", "reason": REASONS[reason]}
        )
        await self._post(f"payments/{payment.external_id}/outcome", told)

    async def begins(self, payment: PaymentSnapshot) -> None:
        """It is listed from its opening on."""

    async def declines_saved(self, reason: DeclineReason) -> None:
        await self.configure({"decline_percent": 100, "decline_reasons": {REASONS[reason]: 1}})

    async def revokes(self, method_id: str) -> None:
        await self._post(f"methods/{method_id}/revoke", None)

    async def suffers(self, mishap: Mishap) -> None:
        await self.breaks({**FAULTS[mishap], "method": "POST", "times": 1})

    async def breaks(self, rule: Mapping[str, Any]) -> None:
        """Arm a fault rule of the emulator."""
        await self._post("faults", [rule])

    async def configure(self, patch: Mapping[str, Any]) -> None:
        """Change the emulator's behaviour."""
        (await self._control.patch("config", json=patch)).raise_for_status()

    async def executed(self, reference: str) -> int:
        lines = (await self._control.get("payments")).raise_for_status().text.splitlines()
        return sum(json.loads(line)["metadata"]["attempt_id"] == reference for line in lines)

    async def notification(self, kind: EventKind, external_id: str) -> RawRequest:
        return await self._letterbox.next(external_id)

    def forged(self, genuine: RawRequest) -> RawRequest:
        return replace(genuine, peer_ip="203.0.113.9")

    def unreachable(self) -> PaymentProvider:
        return YooKassa(replace(self.settings, base_url="http://127.0.0.1:1/v3"), sleep=at_once)

    async def _post(self, path: str, body: object) -> None:
        (await self._control.post(path, json=body)).raise_for_status()


@asynccontextmanager
async def yookassa_gateway(folder: Path) -> AsyncIterator[Gateway]:
    """Start an emulator with empty books, and the adapter against it."""
    async with yookassa_harness(folder) as harness:
        yield harness


@asynccontextmanager
async def yookassa_harness(folder: Path) -> AsyncIterator[YooKassaHarness]:
    """Start an emulator with empty books; the harness gives more than the contract needs."""
    clock, letterbox = ManualClock(NOON), Letterbox()
    async with letterbox.open():
        app = create_sandbox(
            folder=folder,
            now=clock.now,
            shop_id=SHOP,
            secret_key=SECRET,
            control_token=CONTROL,
            notification_urls=(letterbox.url,),
        )
        async with serving(server_config(app, host="127.0.0.1", port=0)) as url:
            headers = {"x-sandbox-control": CONTROL}
            base = f"{url}/sandbox/control/"
            async with httpx.AsyncClient(base_url=base, headers=headers) as control:
                harness = YooKassaHarness(
                    clock=clock, url=url, control=control, letterbox=letterbox
                )
                yield harness
                await harness.provider.aclose()


@asynccontextmanager
async def serving(config: uvicorn.Config) -> AsyncIterator[str]:
    """Serve in this loop; yield the address once it accepts connections."""
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        await server.shutdown()
