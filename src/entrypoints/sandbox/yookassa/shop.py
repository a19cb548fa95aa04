"""What every operation of the emulator works with."""

from dataclasses import dataclass

from entrypoints.sandbox.emulated import Emulated
from entrypoints.sandbox.yookassa.behaviour import Behaviour
from entrypoints.sandbox.yookassa.ids import Kind, make_id
from entrypoints.sandbox.yookassa.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The merchant: Basic credentials, and OAuth tokens, which alone may manage webhooks.

    The payouts gateway has an agent id and a secret of its own; without them it lets nobody in.
    """

    shop_id: str
    secret_key: str
    oauth_tokens: tuple[str, ...] = ()
    gateway_id: str = "100700"
    payout_agent: str | None = None
    payout_secret: str | None = None


@dataclass(slots=True, kw_only=True)
class Shop(Emulated[Store, Behaviour]):
    """One merchant's account at the emulated YooKassa."""

    account: Account

    def new_id(self, kind: Kind, number: int, created_ms: int) -> str:
        return make_id(kind, number, self.store.salt, created_ms)
