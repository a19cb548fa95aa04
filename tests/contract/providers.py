"""The gateways the contract of card providers is held against: one entry per adapter.

A new adapter adds a `Gateway` of its own to `GATEWAYS`; the suite itself does not change.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from adapters.clock import ManualClock
from adapters.entropy import SeededEntropy
from adapters.memory.provider import SIGNATURE_HEADER, Fault, ScriptedProvider
from application.payments.provider import EventKind, PaymentProvider, PaymentSnapshot, RawRequest
from domain.payments.declines import Decline, DeclineReason
from tests.contract.cloudpayments_gateway import cloudpayments_gateway
from tests.contract.gateway import NOON, Gateway, Mishap
from tests.contract.stripe_gateway import stripe_gateway
from tests.contract.yookassa_gateway import yookassa_gateway


class ScriptedHarness:
    """The provider in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOON)
        self.provider = ScriptedProvider(clock=self.clock, entropy=SeededEntropy(1))
        self._gateway = self.provider.gateway

    async def pays(self, payment: PaymentSnapshot) -> None:
        self._gateway.pay(payment.external_id)

    async def declines(self, payment: PaymentSnapshot, reason: DeclineReason) -> None:
        self._gateway.decline(payment.external_id, Decline(reason, "raw"))

    async def begins(self, payment: PaymentSnapshot) -> None:
        """It is listed from its opening on."""

    async def declines_saved(self, reason: DeclineReason) -> None:
        self._gateway.decline_next(*[Decline(reason, "raw")] * 10)

    async def revokes(self, method_id: str) -> None:
        self._gateway.revoke(method_id)

    async def suffers(self, mishap: Mishap) -> None:
        match mishap:
            case Mishap.LOST_ON_THE_WAY:
                self.provider.inject(Fault.REQUEST_LOST)
            case Mishap.THROTTLED:
                self.provider.inject(Fault.THROTTLED)
            case _:
                self.provider.inject(Fault.ANSWER_LOST)

    async def executed(self, reference: str) -> int:
        return self._gateway.executed(reference)

    async def notification(self, kind: EventKind, external_id: str) -> RawRequest:
        return self.provider.notification(kind, external_id)

    def forged(self, genuine: RawRequest) -> RawRequest:
        return replace(genuine, headers={SIGNATURE_HEADER: "0" * 64})

    def unreachable(self) -> PaymentProvider:
        down = ScriptedProvider(clock=self.clock, entropy=SeededEntropy(2))
        down.is_down = True
        return down


@asynccontextmanager
async def scripted_gateway(folder: Path) -> AsyncIterator[Gateway]:
    yield ScriptedHarness()


GATEWAYS: dict[str, Callable[[Path], AbstractAsyncContextManager[Gateway]]] = {
    "memory": scripted_gateway,
    "yookassa": yookassa_gateway,
    "cloudpayments": cloudpayments_gateway,
    "stripe": stripe_gateway,
}
