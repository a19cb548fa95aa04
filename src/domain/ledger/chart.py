"""The chart of accounts: what may be posted to, and which side increases it."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from uuid import UUID, uuid5

from domain.shared.errors import InvalidValue
from domain.shared.money import Currency

_NAMESPACE = UUID("6b617a6e-6100-5000-8000-6c6564676572")
_CODE = re.compile(r"[a-z][a-z_]{0,39}(:[a-z0-9_.-]{1,60})?")


class AccountKind(StrEnum):
    """What an account measures; it decides the side that increases it."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"
    EQUITY = "equity"

    @property
    def normal_sign(self) -> int:
        """Return 1 where a debit increases the account and -1 where a credit does."""
        return 1 if self in (AccountKind.ASSET, AccountKind.EXPENSE) else -1


CHART = {
    "cash": AccountKind.ASSET,  # money on our own bank accounts
    "gateway_clearing": AccountKind.ASSET,  # captured by a gateway, not yet paid out to us
    "disputes": AccountKind.ASSET,  # withheld by a gateway until a dispute is decided
    "suspense": AccountKind.LIABILITY,  # arrived, and nobody can say yet for what
    "wallet": AccountKind.LIABILITY,  # owed to a person; negative when the person owes us
    "subscription_revenue": AccountKind.INCOME,
    "purchase_revenue": AccountKind.INCOME,
    "manual_revenue": AccountKind.INCOME,  # invoices written by hand
    "refunds": AccountKind.EXPENSE,
    "provider_fees": AccountKind.EXPENSE,
    "dispute_losses": AccountKind.EXPENSE,
    "fee_income": AccountKind.INCOME,  # what people are charged for a task they are given
    "reward_expense": AccountKind.EXPENSE,  # what they get for a task they complete
    "payouts_in_transit": AccountKind.LIABILITY,  # taken from wallets, not with people yet
    "adjustments": AccountKind.EXPENSE,  # corrections by hand
    "opening_balances": AccountKind.EQUITY,
}
"""The heads of the chart; a code is a head, or `head:part` where one exists per part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account of the ledger in one currency, named so that it need not exist beforehand.

    An account without `owner` is the company's; one with an owner is personal, such as a wallet.
    A personal account may be limited: `floor_minor` is the least its balance, counted on its
    normal side, may be. The floor is kept when the account is first posted to; later postings
    need not repeat it. `id` follows from code, owner and currency, so nobody has to look it up;
    accounts are equal when their ids are.
    """

    code: str = field(compare=False)
    currency: Currency = field(compare=False)
    owner: UUID | None = field(default=None, compare=False)
    floor_minor: int | None = field(default=None, compare=False)
    id: UUID = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise InvalidValue(f"{self.code!r} is not the code of an account")
        if self.code.partition(":")[0] not in CHART:
            raise InvalidValue(f"the chart of accounts has no {self.code!r}")
        if self.floor_minor is not None and self.owner is None:
            raise InvalidValue(f"{self.code} is the company's: only personal accounts are limited")
        object.__setattr__(self, "id", _account_id(self.code, self.owner, self.currency.code))

    @property
    def kind(self) -> AccountKind:
        """Return what the account measures."""
        return CHART[self.code.partition(":")[0]]

    def __str__(self) -> str:
        owner = f"@{self.owner}" if self.owner else ""
        return f"{self.code}{owner} {self.currency}"


@lru_cache(maxsize=65_536)
def _account_id(code: str, owner: UUID | None, currency_code: str) -> UUID:
    return uuid5(_NAMESPACE, f"{code}|{owner or ''}|{currency_code}")


def gateway_clearing(gateway: str, currency: Currency) -> Account:
    """Return the account of what a gateway has captured and still owes us."""
    return Account(code=f"gateway_clearing:{gateway}", currency=currency)


def company(code: str, currency: Currency) -> Account:
    """Return a company account by its code."""
    return Account(code=code, currency=currency)


def wallet(owner: UUID, currency: Currency, *, floor_minor: int | None = None) -> Account:
    """Return a person's wallet; `floor_minor` of 0 forbids spending more than is in it."""
    return Account(code="wallet", currency=currency, owner=owner, floor_minor=floor_minor)
