"""What the contract of operators has to know of a protocol to put it to the test."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from application.carrier.gateway import ChargeMode, OperatorDecline, RawCallback

Forge = Callable[[RawCallback], RawCallback]


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """A protocol in one mode.

    `path` is what follows the emulator's address in the adapter's base address; texts in `options`
    may name that address as `{url}`. `secrets` are the names of all its secrets, and
    `needed_secrets` those it does not work without. `reasons` are the declines that it has a code
    for. `keeps_keys` where the operator promises that a token is billed once, however often it
    comes. `service` is one that the operator knows. `tells` are the kinds it reports besides
    charges. `forgeries` make of a genuine callback one that is not the operator's; `broken` one
    that is the operator's and cannot be read.
    """

    protocol: str
    mode: ChargeMode
    path: str = ""
    country_code: str = "92"
    currency: str = "PKR"
    time_zone: str = "Asia/Karachi"
    prefix: str = "92300"
    price_minor: int = 1000
    options: Mapping[str, Any] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    needed_secrets: Sequence[str] = ()
    reasons: frozenset[OperatorDecline] = frozenset(OperatorDecline)
    postpaid: bool = True
    blacklisted: bool = True
    keeps_keys: bool = False
    interim: bool = False
    sms: bool = True
    sms_rejects: bool = False
    broadcasts: bool = False
    service: str = "games"
    tells: frozenset[str] = frozenset()
    forgeries: Mapping[str, Forge] = field(default_factory=dict)
    broken: Forge | None = None

    @property
    def canaries(self) -> dict[str, str]:
        """Return its secrets, each a text that is nowhere else."""
        return {name: f"canary-{name.replace('_', '-')}-5f1c9e" for name in self.secrets}


def without_header(name: str) -> Forge:
    """Return a forgery that leaves a header out."""
    return lambda one: replace(one, headers={k: v for k, v in one.headers.items() if k != name})


def with_header(name: str, value: str) -> Forge:
    """Return a forgery that says something else in a header."""
    return lambda one: replace(one, headers={**one.headers, name: value})
