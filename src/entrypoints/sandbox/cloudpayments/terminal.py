"""What every operation of the emulator works with."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from entrypoints.sandbox.cloudpayments.behaviour import Behaviour
from entrypoints.sandbox.cloudpayments.store import Store
from entrypoints.sandbox.moments import BusinessClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The merchant: the public id and the API secret, which signs notifications too."""

    public_id: str
    secret: str


@dataclass(slots=True, kw_only=True)
class Terminal:
    """One terminal at the emulated CloudPayments, open while the application runs."""

    account: Account
    store: Store
    clock: BusinessClock
    machine_time: Callable[[], float]
    behaviour: Behaviour
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    requests: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
