"""An operator's adapter, and everybody else at the operator: subscribers, and the way between."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx

from adapters.clock import ManualClock
from adapters.operators.registry import build_operator, discover
from application.carrier.gateway import (
    ChargeReported,
    ChargeRequest,
    OperatorGateway,
    OperatorSettings,
    RawCallback,
    Report,
)
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn
from entrypoints.sandbox.app import create_sandbox
from entrypoints.sandbox.operators.account import Account
from entrypoints.sandbox.server import server_config
from tests.contract.letterbox import Received, letterbox
from tests.contract.spoken import Spoken
from tests.contract.yookassa_gateway import serving

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CODE = "acme"
CONTROL = "control-token"
PATIENCE_SECONDS = 0.6


class Mishap(StrEnum):
    """What may happen to a charge on its way, as its sender sees it."""

    LOST_ON_THE_WAY = "lost on the way"
    FAILED_BEFORE = "failed before"
    THROTTLED = "throttled"
    ANSWERED_TOO_LATE = "answered too late"
    UNFINISHED = "unfinished"
    FAILED_AFTER_BILLING = "failed after billing"
    HUNG_UP_AFTER_BILLING = "hung up after billing"
    CUT_SHORT = "cut short"
    NOT_ITS_WORDS = "not its words"


_FAULTS: Mapping[Mishap, Mapping[str, Any]] = {
    Mishap.LOST_ON_THE_WAY: {"fault": "drop_before"},
    Mishap.FAILED_BEFORE: {"fault": "error_500_before"},
    Mishap.THROTTLED: {"fault": "throttled_429"},
    Mishap.ANSWERED_TOO_LATE: {"fault": "latency_after_commit", "latency_ms": 1500},
    Mishap.UNFINISHED: {"fault": "accepted_202_after_commit"},
    Mishap.FAILED_AFTER_BILLING: {"fault": "error_500_after_commit"},
    Mishap.HUNG_UP_AFTER_BILLING: {"fault": "drop_after_commit"},
    Mishap.CUT_SHORT: {"fault": "truncated_body"},
    Mishap.NOT_ITS_WORDS: {"fault": "html_body"},
}
BILLED_ALL_THE_SAME = (
    Mishap.ANSWERED_TOO_LATE,
    Mishap.UNFINISHED,
    Mishap.FAILED_AFTER_BILLING,
    Mishap.HUNG_UP_AFTER_BILLING,
    Mishap.CUT_SHORT,
    Mishap.NOT_ITS_WORDS,
)
NEVER_BILLED = (Mishap.LOST_ON_THE_WAY, Mishap.FAILED_BEFORE)


class Operator:
    """One protocol against its emulator, whose books are empty at the start of every test."""

    def __init__(
        self,
        spoken: Spoken,
        clock: ManualClock,
        url: str,
        control: httpx.AsyncClient,
        callbacks: asyncio.Queue[Received],
    ) -> None:
        self.spoken = spoken
        self.clock = clock
        self._url = url
        self._control = control
        self._callbacks = callbacks
        self._numbers = 0
        self.gateway = self.built()

    def built(self, **changes: Any) -> OperatorGateway:
        """Build the adapter anew, with something else in its settings."""
        settings = replace(self.settings, **changes)
        return build_operator(self.spoken.protocol, settings, discover())

    @property
    def settings(self) -> OperatorSettings:
        """Return what the adapter is built from."""
        spoken, base = self.spoken, f"{self._url}/sandbox/operators/{CODE}"
        options = {
            name: value.replace("{url}", base) if isinstance(value, str) else value
            for name, value in spoken.options.items()
        }
        return OperatorSettings(
            code=CODE,
            country_code=spoken.country_code,
            currency=spoken.currency,
            time_zone=spoken.time_zone,
            prefixes=(spoken.prefix,),
            base_url=base + spoken.path,
            timeout_seconds=PATIENCE_SECONDS,
            options=options,
            secrets=spoken.canaries,
        )

    def number(self) -> Msisdn:
        """Return a number of this operator that no other test has."""
        self._numbers += 1
        return Msisdn(f"{self.spoken.prefix}{7_000_010 + self._numbers:07d}"[:15])

    def request(self, msisdn: Msisdn | None = None, **changes: Any) -> ChargeRequest:
        """Return a charge that nothing speaks against."""
        token = str(uuid4())
        given = ChargeRequest(
            attempt_id=token,
            token=token,
            msisdn=msisdn or self.number(),
            money=Money.of(self.spoken.price_minor, self.spoken.currency),
            service_code="games",
            keyword="GO",
            description="Games, a week",
            created_at=self.clock.now(),
        )
        return replace(given, **changes)

    async def becomes(self, msisdn: Msisdn, standing: str) -> None:
        """Make a number one that the operator bills, or does not, and why."""
        await self.changes(f"subscribers/{msisdn.digits}", {"standing": standing})

    async def will(self, msisdn: Msisdn, *answers: Mapping[str, Any], to: str = "charge") -> None:
        """Script the next answers to a number."""
        given = {"msisdn": msisdn.digits, "answers": answers, "operation": to}
        await self.does("script", given)

    async def suffers(self, msisdn: Msisdn, mishap: Mishap) -> None:
        """Let something happen to the next charge of a number, and to no other."""
        await self.will(msisdn, _FAULTS[mishap])

    async def does(self, path: str, given: object) -> Any:
        """Tell the emulator to do something behind everybody's back."""
        return (await self._control.post(path, json=given)).raise_for_status().json()

    async def changes(self, path: str, given: object) -> None:
        """Put something in place behind everybody's back."""
        (await self._control.put(path, json=given)).raise_for_status()

    async def shows(self, path: str, **query: str) -> Any:
        """Return what the control API shows."""
        return (await self._control.get(path, params=query)).raise_for_status().json()

    async def tries(self, path: str, headers: Mapping[str, str | bytes]) -> int:
        """Return the status somebody with these headers gets."""
        return (await self._control.get(path, headers=headers)).status_code  # type: ignore[arg-type]

    async def configure(self, **patch: Any) -> None:
        """Change how the emulator behaves."""
        (await self._control.patch("config", json=patch)).raise_for_status()

    async def lists(self, what: str, **wanted: str) -> list[Any]:
        """Return one of the emulator's own lists."""
        read = await self.shows(what, **wanted)
        assert read["next_cursor"] is None
        items: list[Any] = read["items"]
        return items

    async def billed(self, request: ChargeRequest) -> int:
        """Count how often the subscriber really paid for a request; never for another amount."""
        lines = await self.lists("billing", msisdn=request.msisdn.digits)
        assert all(line["amount_minor"] == request.money.amount_minor for line in lines)
        assert all(line["currency"] == request.money.currency.code for line in lines)
        return len(lines)

    async def called(self) -> RawCallback:
        """Return the next callback as it came."""
        received = await asyncio.wait_for(self._callbacks.get(), 10)
        parts = urlsplit(received.target)
        return RawCallback(
            method=received.method,
            path=parts.path.removeprefix(f"/callbacks/{CODE}").strip("/"),
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            headers=received.headers,
            body=received.body,
            peer_ip=received.peer_ip,
            received_at=self.clock.now(),
        )

    async def told(self) -> Report:
        """Return the one report of the next callback."""
        (report,) = self.gateway.read(await self.called())
        return report

    async def reported(self) -> ChargeReported:
        """Return the next report of a charge."""
        report = await self.told()
        assert isinstance(report, ChargeReported)
        return report


def control_of(url: str) -> httpx.AsyncClient:
    """Return a client of the control API of a sandbox."""
    base = f"{url}/sandbox/operators/{CODE}/control/"
    return httpx.AsyncClient(base_url=base, headers={"x-sandbox-control": CONTROL})


@asynccontextmanager
async def operator(spoken: Spoken, folder: Path) -> AsyncIterator[Operator]:
    """Start an emulator with empty books, and the adapter against it."""
    clock = ManualClock(NOON)
    callbacks: asyncio.Queue[Received] = asyncio.Queue()
    async with letterbox(callbacks.put_nowait) as post:
        account = Account(
            code=CODE,
            protocol=spoken.protocol,
            country_code=spoken.country_code,
            currency=spoken.currency,
            time_zone=spoken.time_zone,
            callback_url=f"{post}/callbacks/{CODE}",
            options=spoken.options,
            secrets=spoken.canaries,
        )
        app = create_sandbox(
            folder=folder,
            now=clock.now,
            shop_id="shop",
            secret_key="key",
            control_token=CONTROL,
            operators=(account,),
        )
        served = serving(server_config(app, host="127.0.0.1", port=0))
        async with served as url, control_of(url) as control:
            opened = Operator(spoken, clock, url, control, callbacks)
            yield opened
            await opened.gateway.aclose()
