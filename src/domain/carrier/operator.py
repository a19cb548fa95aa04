"""A mobile operator as data: a new one is a row that names its protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.shared.errors import InvalidValue
from domain.shared.money import Currency
from domain.shared.msisdn import Msisdn

BRIDGE = "bridge"
"""The protocol of operators whose requests a program of somebody else claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendCaps:
    """The most a number may be charged, in minor units and in charges; None is no limit.

    Days and months are local to the operator. Open charges count as if they were paid.
    """

    per_charge_minor: int | None = None
    per_day_minor: int | None = None
    per_month_minor: int | None = None
    per_day_charges: int | None = None
    per_month_charges: int | None = None

    @property
    def counts_over_time(self) -> bool:
        """Tell whether what was charged before matters."""
        over_time = (
            self.per_day_minor,
            self.per_month_minor,
            self.per_day_charges,
            self.per_month_charges,
        )
        return any(cap is not None for cap in over_time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator; `wire_id` is its MCC and MNC in one number, `code` names its queues.

    `prefixes` are the beginnings of its numbers, country code included; none means any number of
    its country. `requests_per_second` is shared by all workers, with bursts of at most `burst`.
    Retries are scheduled only while fewer than `queue_free_size` requests wait.
    """

    code: str
    wire_id: int
    name: str
    country_code: str
    country_name: str
    currency: Currency
    time_zone: str
    protocol: str
    base_url: str = ""
    prefixes: tuple[str, ...] = ()
    timeout_seconds: float = 20.0
    requests_per_second: float = 15.0
    burst: int = 30
    queue_free_size: int = 2500
    caps: SpendCaps = SpendCaps()
    options: Mapping[str, Any] = field(default_factory=dict)
    is_active: bool = True
    created_at: datetime
    version: int = 1

    def __post_init__(self) -> None:
        if not self.country_code.isdigit():
            raise InvalidValue("a country code is digits, like 92")
        if wrong := [p for p in self.prefixes if not p.startswith(self.country_code)]:
            raise InvalidValue(f"prefix {wrong[0]} does not begin with {self.country_code}")
        if self.requests_per_second <= 0 or self.burst < 1:
            raise InvalidValue("an operator takes more than zero requests a second")

    @property
    def zone(self) -> ZoneInfo:
        """Where its days are counted."""
        return ZoneInfo(self.time_zone)

    @property
    def is_bridged(self) -> bool:
        """Tell whether a program of somebody else carries its requests out."""
        return self.protocol == BRIDGE

    def serves(self, msisdn: Msisdn) -> bool:
        """Tell whether the number may be this operator's."""
        return msisdn.digits.startswith(self.prefixes or (self.country_code,))
