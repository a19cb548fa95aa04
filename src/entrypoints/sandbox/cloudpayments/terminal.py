"""What every operation of the emulator works with."""

from dataclasses import dataclass

from entrypoints.sandbox.cloudpayments.behaviour import Behaviour
from entrypoints.sandbox.cloudpayments.store import Store
from entrypoints.sandbox.emulated import Emulated


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The merchant: the public id and the API secret, which signs notifications too."""

    public_id: str
    secret: str


@dataclass(slots=True, kw_only=True)
class Terminal(Emulated[Store, Behaviour]):
    """One terminal at the emulated CloudPayments."""

    account: Account
