"""The person or company that pays."""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.shared.errors import InvalidValue
from domain.shared.ids import CustomerId

# Deliverability is the mail server's to judge; this only keeps out what can never be an address
# or would break a header.
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")
# Names that the zone library opens too, but that mean something else on every machine.
_NO_ZONE = re.compile(r"localtime|posixrules|(posix|right)/.*")
LOCALES = ("en", "ru")


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A payer; `external_id` is how the company's own backend calls them."""

    id: CustomerId
    external_id: str
    email: str | None
    time_zone: str
    locale: str
    created_at: datetime

    def __post_init__(self) -> None:
        if not 1 <= len(self.external_id) <= 200 or not self.external_id.isprintable():
            raise InvalidValue("a customer's external id has 1 to 200 printable characters")
        if self.email is not None and not _EMAIL.fullmatch(self.email):
            raise InvalidValue("that is not an e-mail address")
        if self.locale not in LOCALES:
            raise InvalidValue(f"the locale is one of {', '.join(LOCALES)}, not {self.locale!r}")
        if not _is_zone(self.time_zone):
            raise InvalidValue(f"{self.time_zone[:100]!r} is not an IANA time zone")


def _is_zone(name: str) -> bool:
    """Tell whether it names a zone; a folder of zones or a name too long for a file is none."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return not _NO_ZONE.fullmatch(name)
