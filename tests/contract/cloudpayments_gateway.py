"""The CloudPayments adapter against the emulator, over real HTTP."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from adapters.clock import ManualClock
from adapters.providers.cloudpayments import CloudPayments, CloudPaymentsSettings
from adapters.providers.transport import HttpLimits
from application.payments.provider import EventKind, PaymentProvider, PaymentSnapshot, RawRequest
from domain.payments.declines import DeclineReason
from entrypoints.sandbox.app import create_sandbox
from entrypoints.sandbox.cloudpayments.behaviour import Behaviour, Notifications
from entrypoints.sandbox.cloudpayments.terminal import Account
from entrypoints.sandbox.server import server_config
from tests.contract.gateway import NOON, Gateway, Mishap
from tests.contract.letterbox import Received, letterbox
from tests.contract.yookassa_gateway import FAULTS, at_once, serving

PUBLIC_ID, SECRET, CONTROL = "test_api_1", "test_api_secret", "control"
CARD = "4242424242424242"
LIMITS = HttpLimits(connect_seconds=1.0, total_seconds=1.0)

# Written down here once more, and not taken from the adapter: a table is not its own proof.
REASONS = {
    DeclineReason.INSUFFICIENT_FUNDS: 5051,
    DeclineReason.ISSUER_UNAVAILABLE: 5091,
    DeclineReason.PROCESSOR_ERROR: 5096,
    DeclineReason.LIMIT_EXCEEDED: 5065,
    DeclineReason.ISSUER_DECLINED: 5005,
    DeclineReason.EXPIRED_CARD: 5054,
    DeclineReason.INVALID_CARD: 5014,
    DeclineReason.RESTRICTED: 5041,
    DeclineReason.FRAUD: 5034,
    DeclineReason.AUTHENTICATION: 5206,
    DeclineReason.UNRECOGNIZED: 6017,
}

# Every request is a POST here, so what moves money is told by its name.
MOVES_MONEY = ("create_order", "charge_token", "confirm_payment", "void_payment", "create_refund")


class Letterbox:
    """Receives notifications over HTTP and keeps them as they came, by the object they tell of."""

    def __init__(self) -> None:
        self._received: defaultdict[str, asyncio.Queue[RawRequest]] = defaultdict(asyncio.Queue)
        self.url = ""

    async def next(self, external_id: str) -> RawRequest:
        return await asyncio.wait_for(self._received[external_id].get(), 10)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Letterbox"]:
        async with letterbox(self._keep, answer=b'{"code":0}') as url:
            self.url = f"{url}/webhooks/cloudpayments"
            yield self

    def _keep(self, received: Received) -> None:
        method, path, headers, body, peer = received
        told = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        about = told["TransactionId" if path.endswith("/refund") else "InvoiceId"]
        self._received[about].put_nowait(RawRequest(method, path, headers, body, peer))


class CloudPaymentsHarness:
    """The adapter, the emulator's control door, and the letterbox of the shop."""

    def __init__(
        self, *, clock: ManualClock, url: str, control: httpx.AsyncClient, letterbox: Letterbox
    ) -> None:
        self.clock = clock
        self.settings = CloudPaymentsSettings(
            public_id=PUBLIC_ID,
            secret=SECRET,
            base_url=f"{url}/cloudpayments",
            test_mode=True,
            http=LIMITS,
        )
        self.cloudpayments = CloudPayments(self.settings, clock=clock, sleep=at_once)
        self.provider: PaymentProvider = self.cloudpayments
        self.control = control
        self._letterbox = letterbox

    async def pays(self, payment: PaymentSnapshot) -> None:
        await self.decides(payment, {"action": "pay", "card": CARD})

    async def declines(self, payment: PaymentSnapshot, reason: DeclineReason) -> None:
        await self.decides(payment, {"action": "decline", "reason": code_of(reason)})

    async def begins(self, payment: PaymentSnapshot) -> None:
        await self.decides(payment, {"action": "begin", "card": CARD})

    async def declines_saved(self, reason: DeclineReason) -> None:
        await self.configure({"decline_percent": 100, "decline_reasons": {str(code_of(reason)): 1}})

    async def revokes(self, method_id: str) -> None:
        await self._post(f"tokens/{method_id}/revoke", None)

    async def suffers(self, mishap: Mishap) -> None:
        await self.breaks(
            *({**FAULTS[mishap], "operation": name, "times": 1} for name in MOVES_MONEY)
        )

    async def breaks(self, *rules: Mapping[str, Any]) -> None:
        """Arm fault rules of the emulator."""
        await self._post("faults", list(rules))

    async def configure(self, patch: Mapping[str, Any]) -> None:
        """Change the emulator's behaviour."""
        (await self.control.patch("config", json=patch)).raise_for_status()

    async def decides(self, payment: PaymentSnapshot, decision: Mapping[str, Any]) -> Any:
        """Do something at the page of a payment's link."""
        assert payment.confirmation_url
        answer = await self.control.post(payment.confirmation_url, json=decision)
        return json.loads(answer.raise_for_status().content)

    async def operations(self) -> list[dict[str, Any]]:
        """Return what the emulator has in its books."""
        return list((await self.control.get("operations")).raise_for_status().json())

    async def executed(self, reference: str) -> int:
        links = (await self.control.get("orders")).raise_for_status().json()
        made = [each for each in links if each["invoice_id"] == reference]
        taken = [
            each
            for each in await self.operations()
            if each["invoice_id"] == reference and each["type"] == 0
        ]
        return len(made) or len(taken)

    async def notification(self, kind: EventKind, external_id: str) -> RawRequest:
        return await self._letterbox.next(external_id)

    def forged(self, genuine: RawRequest) -> RawRequest:
        return replace(genuine, body=genuine.body + b"&Amount=1")

    def unreachable(self) -> PaymentProvider:
        nowhere = replace(self.settings, base_url="http://127.0.0.1:1/")
        return CloudPayments(nowhere, clock=self.clock, sleep=at_once)

    async def _post(self, path: str, body: object) -> None:
        (await self.control.post(path, json=body)).raise_for_status()


def code_of(reason: DeclineReason) -> int:
    """Return the code for a reason; skip, aloud, what CloudPayments has no published code for."""
    if reason not in REASONS:
        pytest.skip(f"cloudpayments has no code for it: {reason}")
    return REASONS[reason]


@asynccontextmanager
async def cloudpayments_gateway(folder: Path) -> AsyncIterator[Gateway]:
    """Start an emulator with empty books, and the adapter against it."""
    async with cloudpayments_harness(folder) as harness:
        yield harness


@asynccontextmanager
async def cloudpayments_harness(folder: Path) -> AsyncIterator[CloudPaymentsHarness]:
    """Start an emulator with empty books; the harness gives more than the contract needs."""
    clock, letterbox = ManualClock(NOON), Letterbox()
    async with letterbox.open():
        app = create_sandbox(
            folder=folder,
            now=clock.now,
            shop_id="100500",
            secret_key="unused",
            control_token=CONTROL,
            terminal=Account(public_id=PUBLIC_ID, secret=SECRET),
            terminal_behaviour=Behaviour(notifications=Notifications(url=letterbox.url)),
        )
        async with serving(server_config(app, host="127.0.0.1", port=0)) as url:
            headers = {"x-sandbox-control": CONTROL}
            base = f"{url}/sandbox/cloudpayments/control/"
            async with httpx.AsyncClient(base_url=base, headers=headers) as control:
                harness = CloudPaymentsHarness(
                    clock=clock, url=url, control=control, letterbox=letterbox
                )
                yield harness
                await harness.provider.aclose()
