"""What every operation of the emulator works with."""

from dataclasses import dataclass

from entrypoints.sandbox.emulated import Emulated
from entrypoints.sandbox.stripe.behaviour import Behaviour
from entrypoints.sandbox.stripe.store import Store


@dataclass(slots=True, kw_only=True)
class Platform(Emulated[Store, Behaviour]):
    """One account at the emulated Stripe."""

    secret_key: str

    @property
    def livemode(self) -> bool:
        """Tell whether the account's key is one of the live mode."""
        return "_live_" in self.secret_key
