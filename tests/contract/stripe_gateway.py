"""The Stripe adapter against the emulator, over real HTTP."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from adapters.clock import ManualClock
from adapters.providers.stripe import Stripe, StripeSettings, build
from adapters.providers.transport import HttpLimits
from application.payments.provider import EventKind, PaymentProvider, PaymentSnapshot, RawRequest
from domain.payments.declines import DeclineReason
from entrypoints.sandbox.app import create_sandbox
from entrypoints.sandbox.server import server_config
from entrypoints.sandbox.stripe.behaviour import Behaviour, Webhooks
from entrypoints.sandbox.stripe.emulator import StripeAccount
from tests.contract.gateway import NOON, Gateway, Mishap
from tests.contract.letterbox import Received, letterbox
from tests.contract.yookassa_gateway import FAULTS, at_once, serving

SECRET, SIGNING, CONTROL = "sk_test_canary_7d41", "whsec_canary_1b9a", "control"
LIMITS = HttpLimits(connect_seconds=1.0, total_seconds=1.0)

# Written down here once more, and not taken from the adapter: a table is not its own proof.
CODES = {
    DeclineReason.INSUFFICIENT_FUNDS: "insufficient_funds",
    DeclineReason.ISSUER_UNAVAILABLE: "issuer_not_available",
    DeclineReason.PROCESSOR_ERROR: "processing_error",
    DeclineReason.LIMIT_EXCEEDED: "card_velocity_exceeded",
    DeclineReason.ISSUER_DECLINED: "do_not_honor",
    DeclineReason.EXPIRED_CARD: "expired_card",
    DeclineReason.INVALID_CARD: "incorrect_number",
    DeclineReason.RESTRICTED: "lost_card",
    DeclineReason.FRAUD: "fraudulent",
    DeclineReason.AUTHENTICATION: "authentication_required",
    DeclineReason.CONSENT_REVOKED: "revocation_of_authorization",
    DeclineReason.UNRECOGNIZED: "moon_in_the_wrong_phase",
}


class Letterbox:
    """Receives events over HTTP and keeps them as they came, by the object they tell of."""

    def __init__(self) -> None:
        self._received: defaultdict[str, asyncio.Queue[RawRequest]] = defaultdict(asyncio.Queue)
        self.url = ""

    async def next(self, external_id: str) -> RawRequest:
        return await asyncio.wait_for(self._received[external_id].get(), 10)

    def everything(self) -> list[RawRequest]:
        """Take out what came so far."""
        return [box.get_nowait() for box in self._received.values() for _ in range(box.qsize())]

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Letterbox"]:
        async with letterbox(self._keep) as url:
            self.url = f"{url}/webhooks/stripe"
            yield self

    def _keep(self, received: Received) -> None:
        method, path, headers, body, peer = received
        told = json.loads(body)["data"]["object"]
        known = (told.get("metadata") or {}).get("kazna_payment")
        key = known if told["object"] == "payment_intent" and known else told["id"]
        self._received[key].put_nowait(RawRequest(method, path, headers, body, peer))


class StripeHarness:
    """The adapter, the emulator's control door, and the letterbox of the shop."""

    def __init__(
        self, *, clock: ManualClock, url: str, control: httpx.AsyncClient, letterbox: Letterbox
    ) -> None:
        self.clock = clock
        self.settings = StripeSettings(
            secret=SECRET,
            webhook_secrets=(SIGNING,),
            base_url=f"{url}/v1",
            clock=clock,
            http=LIMITS,
        )
        self.stripe: Stripe = build(self.settings)
        self.provider: PaymentProvider = self.stripe
        self.control = control
        self._letterbox = letterbox

    async def pays(self, payment: PaymentSnapshot) -> None:
        assert payment.confirmation_url
        await self._post(payment.confirmation_url, {"action": "pay"})

    async def declines(self, payment: PaymentSnapshot, reason: DeclineReason) -> None:
        """The payer's card is declined, they try no other, and the session ends."""
        path = f"sessions/{payment.external_id}/outcome"
        if reason is not DeclineReason.ABANDONED:
            await self._post(path, {"outcome": "decline", "code": CODES[reason]})
        await self._post(path, {"outcome": "expire"})

    async def begins(self, payment: PaymentSnapshot) -> None:
        """It is listed from its opening on."""

    async def declines_saved(self, reason: DeclineReason) -> None:
        await self.configure({"decline_percent": 100, "decline_codes": {CODES[reason]: 1}})

    async def revokes(self, method_id: str) -> None:
        await self._post(f"methods/{method_id.rpartition('/')[2]}/detach", None)

    async def suffers(self, mishap: Mishap) -> None:
        await self.breaks({**FAULTS[mishap], "method": "POST", "times": 1})

    async def breaks(self, rule: Mapping[str, Any]) -> None:
        """Arm a fault rule of the emulator."""
        await self._post("faults", [rule])

    async def configure(self, patch: Mapping[str, Any]) -> None:
        """Change the emulator's behaviour."""
        (await self.control.patch("config", json=patch)).raise_for_status()

    async def books(self, of: str) -> list[dict[str, Any]]:
        """Read what the emulator itself has: sessions, payments or refunds."""
        text = (await self.control.get(of)).raise_for_status().text
        return [json.loads(line) for line in text.splitlines()]

    async def executed(self, reference: str) -> int:
        """Count sessions, and the payments that belong to none."""
        rows = await self.books("sessions")
        rows += [
            row
            for row in await self.books("payments")
            if row["metadata"].get("kazna_flow") != "checkout"
        ]
        return sum(row["metadata"]["attempt_id"] == reference for row in rows)

    async def notification(self, kind: EventKind, external_id: str) -> RawRequest:
        return await self._letterbox.next(external_id)

    async def events(self) -> list[RawRequest]:
        """Return every event there is to tell, once all of them have been sent."""
        async with asyncio.timeout(10):
            while not (await self.control.get("idle")).json()["idle"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return self._letterbox.everything()

    def forged(self, genuine: RawRequest) -> RawRequest:
        return replace(genuine, body=genuine.body.replace(b'"livemode":false', b'"livemode":true'))

    def unreachable(self) -> PaymentProvider:
        return Stripe(replace(self.settings, base_url="http://127.0.0.1:1/v1"), sleep=at_once)

    async def act(self, path: str, body: object = None) -> Any:
        """Do something at the control door."""
        return (await self.control.post(path, json=body)).raise_for_status().json()

    async def _post(self, path: str, body: object) -> None:
        (await self.control.post(path, json=body)).raise_for_status()


@asynccontextmanager
async def stripe_gateway(folder: Path) -> AsyncIterator[Gateway]:
    """Start an emulator with empty books, and the adapter against it.

    The contract pays amounts that no real account of Stripe's would be paid, a kopeck or ten
    billion of them, to see that none is bent on the way: so the emulator's limits are off.
    """
    async with stripe_harness(folder) as harness:
        await harness.configure({"amount_limits": False})
        yield harness


@asynccontextmanager
async def stripe_harness(folder: Path) -> AsyncIterator[StripeHarness]:
    """Start an emulator with empty books; the harness gives more than the contract needs."""
    clock, letterbox = ManualClock(NOON), Letterbox()
    async with letterbox.open():
        roads = Webhooks(urls=(letterbox.url,), secrets=(SIGNING,))
        app = create_sandbox(
            folder=folder,
            now=clock.now,
            shop_id="100500",
            secret_key="another",
            control_token=CONTROL,
            stripe=StripeAccount(secret_key=SECRET, behaviour=Behaviour(notifications=roads)),
        )
        async with serving(server_config(app, host="127.0.0.1", port=0)) as url:
            headers = {"x-sandbox-control": CONTROL}
            base = f"{url}/sandbox/stripe/control/"
            async with httpx.AsyncClient(base_url=base, headers=headers) as control:
                harness = StripeHarness(clock=clock, url=url, control=control, letterbox=letterbox)
                yield harness
                await harness.provider.aclose()
