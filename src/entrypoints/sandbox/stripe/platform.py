"""What every operation of the emulator works with."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from entrypoints.sandbox.moments import BusinessClock
from entrypoints.sandbox.stripe.behaviour import Behaviour
from entrypoints.sandbox.stripe.store import Store


@dataclass(slots=True, kw_only=True)
class Platform:
    """One account at the emulated Stripe, open while the application runs."""

    secret_key: str
    store: Store
    clock: BusinessClock
    machine_time: Callable[[], float]
    behaviour: Behaviour
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    requests: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0

    @property
    def livemode(self) -> bool:
        """Tell whether the account's key is one of the live mode."""
        return "_live_" in self.secret_key
