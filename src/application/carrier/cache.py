"""The cache of fresh subscriptions: which of ours a number has.

An entry carries the version its number had when it was read. Whoever asks holds the number's row
and compares: so an empty cache, a stale entry or an absent Redis changes how fast an answer is,
never what it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from application.carrier.ports import CarrierUnitOfWork, Payer
from domain.shared.ids import SubscriptionId
from domain.shared.msisdn import Msisdn
from domain.subscriptions.model import CarrierTerms, Subscription


@dataclass(frozen=True, slots=True)
class Fresh:
    """What a number had at a version: its live subscriptions, some of which may be over by now."""

    version: int
    ids: Sequence[UUID]


class FreshSubscriptions(Protocol):
    """By number, what it has; everything in it may be lost, and nothing here raises."""

    async def get_many(self, numbers: Sequence[Msisdn]) -> Mapping[Msisdn, Fresh]:
        """Return what is known; numbers nobody asked for lately are left out."""
        ...

    async def keep(self, entries: Mapping[Msisdn, Fresh]) -> None:
        """Remember what the database said."""
        ...


class LiveNumbers(Protocol):
    """What numbers have, read apart from any transaction."""

    async def page(self, after: str, limit: int) -> Mapping[Msisdn, Fresh]:
        """Return numbers with live subscriptions behind a number, in the order of the numbers."""
        ...


@dataclass(frozen=True, slots=True)
class WarmFresh:
    """Fills the cache from the database: a process that just started has nobody to wait for."""

    numbers: LiveNumbers
    fresh: FreshSubscriptions

    async def __call__(self, *, page: int = 1000, most: int = 500_000) -> int:
        """Read numbers page by page, at most so many; return how many were kept."""
        after, kept = "", 0
        while kept < most:
            entries = await self.numbers.page(after, min(page, most - kept))
            if not entries:
                break
            await self.fresh.keep(entries)
            kept += len(entries)
            after = max(number.digits for number in entries)
        return kept


async def live_of(
    uow: CarrierUnitOfWork, fresh: FreshSubscriptions, payers: Mapping[Msisdn, Payer]
) -> Mapping[Msisdn, Sequence[Subscription]]:
    """Return the live subscriptions of numbers whose rows are locked, loaded for change."""
    known = await fresh.get_many(list(payers))
    named = {
        number: entry for number, entry in known.items() if entry.version == payers[number].version
    }
    ids = [SubscriptionId(key) for entry in named.values() for key in entry.ids]
    found: list[Subscription] = list((await uow.subscriptions.lock_many(ids)).values())
    unknown = [number for number in payers if number not in named]
    if unknown:
        read = await uow.subscriptions.of_numbers(unknown, live=True)
        found += (await uow.subscriptions.lock_many([one.id for one in read])).values()
    live: dict[Msisdn, list[Subscription]] = {number: [] for number in payers}
    for one in found:
        if one.is_live:
            live[number_of(one)].append(one)
    await fresh.keep(
        {
            number: Fresh(payers[number].version, [one.id for one in live[number]])
            for number in unknown
        }
    )
    return live


def number_of(one: Subscription) -> Msisdn:
    """Return whose subscription it is."""
    assert isinstance(one.terms, CarrierTerms), "numbers have carrier terms"
    return one.terms.msisdn
