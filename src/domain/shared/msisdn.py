"""A subscriber's number."""

import re
from dataclasses import dataclass, field

from domain.shared.errors import InvalidValue

# ITU-T E.164: at most fifteen digits; the shortest numbers that can be called abroad have seven,
# and operators' test ranges go down to five.
_E164 = re.compile(r"[1-9][0-9]{4,14}")
_SHORT = 8


@dataclass(frozen=True, slots=True, order=True)
class Msisdn:
    """A number in E.164 form without the plus sign: `923001234567`.

    It shows itself masked everywhere but in `digits`, so that no log or message spells it out.
    """

    digits: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _E164.fullmatch(self.digits):
            raise InvalidValue("a number has 5 to 15 digits, country code first, and no plus sign")

    @property
    def masked(self) -> str:
        """The number with its middle hidden: `92*******567`; of a short one only the beginning."""
        end = self.digits[-3:] if len(self.digits) > _SHORT else ""
        hidden = len(self.digits) - 2 - len(end)
        return f"{self.digits[:2]}{'*' * hidden}{end}"

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Msisdn({self.masked!r})"
