"""The payout providers the contract is held against: one entry per adapter."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import httpx

from adapters.clock import ManualClock
from adapters.memory.payouts import PayoutFault, ScriptedPayouts
from adapters.payouts.yookassa import build
from adapters.providers.yookassa import YooKassaSettings
from application.ledger.payout_methods import PayoutProvider
from entrypoints.sandbox.app import create_sandbox
from entrypoints.sandbox.server import server_config
from tests.contract.gateway import NOON, Mishap
from tests.contract.yookassa_gateway import CONTROL, FAULTS, LIMITS, SECRET, SHOP, serving

AGENT, AGENT_SECRET = "500500", "test_payout_secret"


class PayoutGateway(Protocol):
    """A payout provider, with what happens behind it."""

    provider: PayoutProvider
    clock: ManualClock

    async def waits(self) -> None:
        """New payouts stay undecided."""
        ...

    async def declines(self, account: str, why: str) -> None:
        """Payouts to this wallet are declined from now on."""
        ...

    async def decides(self, payout_id: UUID, *, refused_for: str | None = None) -> None:
        """A payout that waits ends."""
        ...

    async def suffers(self, mishap: Mishap) -> None:
        """Let something happen to the next request that moves money, and to no other."""
        ...

    async def executed(self, payout_id: UUID) -> int:
        """Count the payouts the provider itself has for one of our ids."""
        ...

    def unreachable(self) -> PayoutProvider:
        """Return the same adapter where nobody listens."""
        ...


class ScriptedHarness:
    """The provider in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOON)
        self.scripted = ScriptedPayouts(self.clock)
        self.provider: PayoutProvider = self.scripted

    async def waits(self) -> None:
        self.scripted.waits = True

    async def declines(self, account: str, why: str) -> None:
        self.scripted.decline(account, why)

    async def decides(self, payout_id: UUID, *, refused_for: str | None = None) -> None:
        self.scripted.decide(payout_id, refused_for=refused_for)

    async def suffers(self, mishap: Mishap) -> None:
        lost = mishap in (Mishap.LOST_ON_THE_WAY, Mishap.THROTTLED)
        self.scripted.inject(PayoutFault.REQUEST_LOST if lost else PayoutFault.ANSWER_LOST)

    async def executed(self, payout_id: UUID) -> int:
        return self.scripted.executed(payout_id)

    def unreachable(self) -> PayoutProvider:
        down = ScriptedPayouts(self.clock)
        down.is_down = True
        return down


class YooKassaHarness:
    """The adapter over HTTP, and the emulator's control door."""

    def __init__(self, clock: ManualClock, url: str, control: httpx.AsyncClient) -> None:
        self.clock = clock
        self.settings = YooKassaSettings(
            shop_id=AGENT, secret=AGENT_SECRET, base_url=f"{url}/v3", test_mode=True, http=LIMITS
        )
        self.provider: PayoutProvider = build(self.settings)
        self._control = control

    async def waits(self) -> None:
        await self.configure(payouts="stay_pending")

    async def declines(self, account: str, why: str) -> None:
        await self.configure(declined_wallets={account: why})

    async def decides(self, payout_id: UUID, *, refused_for: str | None = None) -> None:
        told = {"outcome": "decline", "reason": refused_for} if refused_for else None
        for line in await self.books():
            if line["metadata"]["payout_id"] == str(payout_id) and line["status"] == "pending":
                path = f"payouts/{line['id']}/outcome"
                await self.control("POST", path, told or {"outcome": "succeed"})

    async def suffers(self, mishap: Mishap) -> None:
        await self.breaks(**FAULTS[mishap], method="POST", times=1)

    async def breaks(self, **rule: Any) -> None:
        """Arm a fault rule of the emulator."""
        await self.control("POST", "faults", [rule])

    async def executed(self, payout_id: UUID) -> int:
        return sum(one["metadata"]["payout_id"] == str(payout_id) for one in await self.books())

    def unreachable(self) -> PayoutProvider:
        return build(replace(self.settings, base_url="http://127.0.0.1:1/v3"))

    async def configure(self, **patch: Any) -> None:
        """Change the emulator's behaviour."""
        await self.control("PATCH", "config", patch)

    async def books(self) -> list[Any]:
        """Return every payout the emulator has."""
        answer = (await self._control.get("payouts")).raise_for_status()
        return [json.loads(line) for line in answer.text.splitlines()]

    async def control(self, method: str, path: str, body: object) -> None:
        (await self._control.request(method, path, json=body)).raise_for_status()


@asynccontextmanager
async def scripted(folder: Path) -> AsyncIterator[PayoutGateway]:
    yield ScriptedHarness()


@asynccontextmanager
async def yookassa(folder: Path) -> AsyncIterator[YooKassaHarness]:
    """Start an emulator with empty books, and the adapter against it."""
    clock = ManualClock(NOON)
    app = create_sandbox(
        folder=folder,
        now=clock.now,
        shop_id=SHOP,
        secret_key=SECRET,
        control_token=CONTROL,
        payout_agent=AGENT,
        payout_secret=AGENT_SECRET,
    )
    async with (
        serving(server_config(app, host="127.0.0.1", port=0)) as url,
        httpx.AsyncClient(
            base_url=f"{url}/sandbox/control/", headers={"x-sandbox-control": CONTROL}
        ) as control,
    ):
        harness = YooKassaHarness(clock, url, control)
        yield harness
        await harness.provider.aclose()


PAYOUT_GATEWAYS: dict[str, Callable[[Path], AbstractAsyncContextManager[PayoutGateway]]] = {
    "memory": scripted,
    "yookassa": yookassa,
}
