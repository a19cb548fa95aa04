"""Whom a postback goes to, how often, and what it says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit
from uuid import UUID

from domain.shared.errors import InvalidValue

MACROS = frozenset(
    {
        "pixel",
        "msisdn",
        "trxid",
        "time",
        "service_id",
        "operator_code",
        "operator_name",
        "country_name",
    }
)
LONGEST_TIMEOUT_SECONDS = 10.0
_MACRO = re.compile(r"%([a-z_]+)%")
_LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelSetting:
    """Where a publisher is told, for a campaign, an operator, or a campaign at an operator.

    `endpoint` is an address with macros, `%pixel%`; only each `ratio`-th postback is sent.
    """

    id: UUID
    campaign_code: str | None
    operator: str | None
    publisher: str
    endpoint: str
    timeout_seconds: float = 5.0
    ratio: int = 1
    is_enabled: bool = True

    def __post_init__(self) -> None:
        if self.campaign_code is None and self.operator is None:
            raise InvalidValue("a postback is set up for a campaign, for an operator, or for both")
        if not self.publisher.strip():
            raise InvalidValue("a postback goes to a publisher, who has a name")
        if not 0 < self.timeout_seconds <= LONGEST_TIMEOUT_SECONDS:
            raise InvalidValue(f"a publisher is waited for {LONGEST_TIMEOUT_SECONDS:g} s at most")
        if self.ratio < 1:
            raise InvalidValue("a ratio is 1 for every postback, 2 for every second one, and so on")
        check_template(self.endpoint)

    def is_turn(self, counted: int) -> bool:
        """Tell whether the n-th postback, counted from 1, is sent."""
        return counted % self.ratio == 0

    @property
    def exactness(self) -> int:
        """Order settings: one for a campaign at an operator beats one for either."""
        return 2 * (self.campaign_code is not None) + (self.operator is not None)


@dataclass(frozen=True, slots=True)
class Publisher:
    """A publisher, and what its pixels look like: a regular expression of the whole text."""

    name: str
    pattern: str

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise InvalidValue(f"that pattern is none: {error}") from error

    def owns(self, pixel: str) -> bool:
        """Tell whether a pixel looks like one of its own."""
        return re.fullmatch(self.pattern, pixel) is not None


def check_template(endpoint: str) -> None:
    """Refuse an address with macros nobody fills in, or with any in front of its path."""
    parts = urlsplit(_MACRO.sub("x", endpoint))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise InvalidValue("a postback goes to an address like https://example.com/?p=%pixel%")
    if len(endpoint) > _LONGEST or not endpoint.isascii() or not endpoint.isprintable():
        raise InvalidValue(f"an address is visible ASCII text of at most {_LONGEST} characters")
    if _MACRO.search(endpoint.partition("://")[2].partition("/")[0].partition("?")[0]):
        raise InvalidValue("macros stand in the path and the query of an address, not in its host")
    if unknown := sorted(set(_MACRO.findall(endpoint)) - MACROS):
        raise InvalidValue(
            f"there is no macro %{unknown[0]}%; there are {', '.join(sorted(MACROS))}"
        )


def filled(endpoint: str, values: Mapping[str, str]) -> str:
    """Return the address with each macro replaced by its value, percent-encoded."""
    return _MACRO.sub(lambda found: quote(values[found.group(1)], safe=""), endpoint)


def publisher_of(given: str | None, pixel: str, publishers: Sequence[Publisher]) -> str | None:
    """Return who a pixel belongs to: who was named, else the first whose pattern fits."""
    if given:
        return given
    return next((one.name for one in publishers if one.owns(pixel)), None)


def setting_for(
    settings: Sequence[PixelSetting], *, campaign_code: str | None, operator: str, publisher: str
) -> PixelSetting | None:
    """Return the most exact setting that is switched on; None where nobody is to be told."""
    fitting = [
        one
        for one in settings
        if one.is_enabled
        and one.publisher == publisher
        and one.campaign_code in (None, campaign_code)
        and one.operator in (None, operator)
    ]
    return max(fitting, key=lambda one: one.exactness, default=None)
