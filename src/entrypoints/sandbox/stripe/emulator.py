"""The emulator put together: its routes, and what has to run beside them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from entrypoints.sandbox.configured import replayed
from entrypoints.sandbox.emulated import Emulator, opened
from entrypoints.sandbox.faults import Faults
from entrypoints.sandbox.moments import BusinessClock
from entrypoints.sandbox.stripe.api import Api
from entrypoints.sandbox.stripe.behaviour import Behaviour
from entrypoints.sandbox.stripe.control import control_router
from entrypoints.sandbox.stripe.page import page_handlers
from entrypoints.sandbox.stripe.platform import Platform
from entrypoints.sandbox.stripe.sender import PlatformMail
from entrypoints.sandbox.stripe.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeAccount:
    """The account to emulate: its secret key, and how it behaves at the start."""

    secret_key: str
    behaviour: Behaviour = field(default_factory=Behaviour)


def build(
    *,
    path: Path,
    now: Callable[[], datetime],
    account: StripeAccount,
    control_token: str,
    public_url: str | None,
) -> Emulator:
    """Wire the emulator; the file at `path` is opened when the lifespan is entered."""
    store = Store(path)
    platform = Platform(
        secret_key=account.secret_key,
        store=store,
        clock=BusinessClock(now),
        machine_time=time.time,
        behaviour=account.behaviour,
    )
    faults = Faults(store)

    return Emulator(
        routes=[
            Api(platform, faults, public_url).router(),
            control_router(platform, faults, account.behaviour, control_token),
            *page_handlers(platform),
        ],
        lifespan=lambda: opened(
            platform,
            faults,
            PlatformMail(platform),
            latest="SELECT max(created_ms) FROM document",
            restored=lambda: replayed(store, account.behaviour),
        ),
    )
