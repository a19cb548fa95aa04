"""What a network and its partner have agreed on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One emulated operator, and its partner's access to it.

    `code` names it in addresses: `/sandbox/operators/{code}`. `callback_url` is where notifications
    go; empty for none. `secrets` are those the partner's adapter has under the same names.
    """

    code: str
    protocol: str
    country_code: str
    currency: str
    time_zone: str
    callback_url: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def prefix(self) -> str:
        """Return where all its routes begin."""
        return f"/sandbox/operators/{self.code}"

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone of its clocks."""
        return ZoneInfo(self.time_zone)

    def whole(self, number: str) -> str:
        """Return a number with its country code, however the partner wrote it."""
        digits = number.removeprefix("+")
        return digits if digits.startswith(self.country_code) else self.country_code + digits
