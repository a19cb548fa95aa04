"""What operations come to: sums by day, balances and the dearest tasks, whatever their order.

Sums commute, of two balances the later one of the wallet stands, and of two tasks the dearer one;
so facts may be folded in pieces and in any order. An operation told twice counts once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from domain.analytics.dearest import ClosedTask, dearer
from domain.analytics.facts import Moved, Purpose


class Dated(StrEnum):
    """By which of its dates an operation is counted: when it happened, or when it was entered.

    The second is what the books count by: what comes after its day was closed is entered later.
    """

    VALUE = "value"
    POSTING = "posting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What a day brought: fees are charged to people, rewards and adjustments are given to them.

    Each may be negative where more was taken back than there was. The company's own result is
    fees less rewards; corrections by hand stand beside it.
    """

    fees_minor: int = 0
    rewards_minor: int = 0
    adjustments_minor: int = 0

    @property
    def net_minor(self) -> int:
        """What the company earned."""
        return self.fees_minor - self.rewards_minor

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            fees_minor=self.fees_minor + other.fees_minor,
            rewards_minor=self.rewards_minor + other.rewards_minor,
            adjustments_minor=self.adjustments_minor + other.adjustments_minor,
        )


@dataclass(frozen=True, slots=True, order=True)
class Balance:
    """What stood in a wallet after its n-th operation; the later one is the greater one."""

    seq: int
    minor: int


CompanyKey = tuple[Dated, date, str]
PersonDayKey = tuple[UUID, str, date]
PurseKey = tuple[UUID, str]
DayKey = tuple[date, str]


@dataclass(slots=True)
class Totals:
    """What facts come to.

    A person's day is what tasks brought them on its value date: the other side of what they
    brought the company. Tasks whose reward was taken back are named, because a maximum cannot be
    undone: their day has to be looked at anew.
    """

    company: dict[CompanyKey, Sums] = field(default_factory=dict)
    people: dict[PersonDayKey, int] = field(default_factory=dict)
    balances: dict[PurseKey, Balance] = field(default_factory=dict)
    dearest: dict[DayKey, ClosedTask] = field(default_factory=dict)
    unrewarded: set[UUID] = field(default_factory=set)


def fold(operations: Iterable[Moved]) -> Totals:
    """Return what operations come to."""
    totals = Totals()
    for one in {operation.operation_id: operation for operation in operations}.values():
        _stand(totals, one)
        purpose = one.purpose
        if purpose is not None:
            _sum(totals, one, purpose)
        if purpose is Purpose.REWARD:
            _rank(totals, one)
    return totals


def merge(one: Totals, other: Totals) -> Totals:
    """Return what two stretches of different operations come to together."""
    merged = Totals(unrewarded=one.unrewarded | other.unrewarded)
    for totals in (one, other):
        for company, sums in totals.company.items():
            merged.company[company] = merged.company.get(company, Sums()) + sums
        for person, minor in totals.people.items():
            merged.people[person] = merged.people.get(person, 0) + minor
        for purse, balance in totals.balances.items():
            merged.balances[purse] = max(balance, merged.balances.get(purse, balance))
        for day, task in totals.dearest.items():
            merged.dearest[day] = dearer(task, merged.dearest.get(day)) or task
    return merged


def _stand(totals: Totals, one: Moved) -> None:
    purse = one.person_id, one.currency
    balance = Balance(one.wallet_seq, one.balance_after_minor)
    totals.balances[purse] = max(balance, totals.balances.get(purse, balance))


def _sum(totals: Totals, one: Moved, purpose: Purpose) -> None:
    match purpose:
        case Purpose.FEE:
            sums = Sums(fees_minor=-one.amount_minor)
        case Purpose.REWARD:
            sums = Sums(rewards_minor=one.amount_minor)
        case Purpose.ADJUSTMENT:
            sums = Sums(adjustments_minor=one.amount_minor)
        case _:
            assert_never(purpose)
    for dated, day in ((Dated.VALUE, one.value_date), (Dated.POSTING, one.posting_date)):
        key = dated, day, one.currency
        totals.company[key] = totals.company.get(key, Sums()) + sums
    if purpose is not Purpose.ADJUSTMENT:
        person = one.person_id, one.currency, one.value_date
        totals.people[person] = totals.people.get(person, 0) + one.amount_minor


def _rank(totals: Totals, one: Moved) -> None:
    if one.task_id is None:
        return
    if one.is_reversal:
        totals.unrewarded.add(one.task_id)
        return
    day = one.value_date, one.currency
    task = ClosedTask(
        price_minor=one.amount_minor, completed_at=one.occurred_at, task_id=one.task_id
    )
    totals.dearest[day] = dearer(task, totals.dearest.get(day)) or task
