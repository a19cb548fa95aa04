"""Where a person's payouts go: the number of their wallet at a payout provider."""

import re
from dataclasses import dataclass, field

from domain.shared.errors import InvalidValue

# YooMoney's wallets have numbers of 11 to 33 digits.
_NUMBER = re.compile(r"[0-9]{11,33}")
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Destination:
    """A wallet money is sent to; printed, it shows its last four digits and no more.

    Refuses with `InvalidValue` what is not 11 to 33 digits, without repeating it.
    """

    account: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _NUMBER.fullmatch(self.account):
            raise InvalidValue("a payout destination is a number of 11 to 33 digits")

    @property
    def tail(self) -> str:
        """The last four digits: what may be shown."""
        return self.account[-_SHOWN:]

    def __str__(self) -> str:
        return f"*{self.tail}"
