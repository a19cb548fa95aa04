"""Walk through the eighteen months day by day: move the clock, sell, let everything settle."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, groupby
from operator import attrgetter
from typing import TypeVar

from adapters.postgres.overview import PostgresOverview
from entrypoints.demo.purchases import Purchase, every_day
from entrypoints.demo.quiet import Quiet
from entrypoints.demo.shop import CardNotUsable, Shop

_OPENING_HOUR = time(12, 0, tzinfo=UTC)
_AT_ONCE = 16
T = TypeVar("T")


def opening(day: date) -> datetime:
    """Return the instant at which the shop sells on a day."""
    return datetime.combine(day, _OPENING_HOUR)


@dataclass(slots=True)
class Customer:
    """What the shop remembers of a customer."""

    id: str
    card: str | None = None
    in_club: bool = False


@dataclass(slots=True)
class Sold:
    """What the shop counts for itself, to hold it against Kazna's books afterwards."""

    invoices: int = 0
    amount_minor: int = 0
    checkouts: int = 0
    charges: int = 0
    cards_refused: int = 0
    members: int = 0


@dataclass(slots=True)
class Walk:
    """One run of the shop; the state it keeps grows with its customers alone."""

    shop: Shop
    quiet: Quiet
    overview: PostgresOverview
    advance: Callable[[datetime], Awaitable[int]]
    club: str
    every: int
    days: int
    sold: Sold = field(default_factory=Sold)
    by_month: dict[str, dict[str, int]] = field(default_factory=dict)
    _customers: dict[int, Customer] = field(default_factory=dict)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def __call__(self, step: Callable[[int, int, str], None], stop: asyncio.Event) -> None:
        """Walk every day, with purchases or without; end early when `stop` is set."""
        walked = every_day(every=self.every, days=self.days)
        for done, (day, bought) in enumerate(walked, start=1):
            if stop.is_set():
                return
            await self._one_day(day, bought)
            step(done, self.days, f"{day}")
            if (day + timedelta(days=1)).day == 1 or done == self.days:
                self.by_month[f"{day:%Y-%m}"] = await self.overview.subscriptions()

    async def _one_day(self, day: date, bought: Sequence[Purchase]) -> None:
        """Begin the day's jobs, sell while they run, and wait until all is settled.

        A customer's first card has to be saved before it can be charged, so what they buy after
        it on the same day waits for that.
        """
        await self.advance(opening(day))
        while bought:
            baskets = [list(basket) for _, basket in groupby(bought, attrgetter("customer"))]
            left_the_page = await _all(self._sell(basket) for basket in baskets)
            await self.quiet()
            bought = list(chain(*await _all(self._welcome(one) for one in left_the_page if one)))
        await self.quiet()

    async def _sell(self, basket: Sequence[Purchase]) -> "AtThePage | None":
        """Sell what one customer buys on one day, as far as it goes without waiting."""
        async with self._gate:
            buyer = await self._known(basket[0].customer)
            for place, bought in enumerate(basket, start=1):
                owed = await self.shop.invoice(buyer.id, bought.money, bought.line, bought.cds)
                self.sold.invoices += 1
                self.sold.amount_minor += bought.money.amount_minor
                if bought.money.is_zero or await self._charged(buyer, owed, bought.line):
                    continue
                await self.shop.check_out(owed, bought.line)
                self.sold.checkouts += 1
                return AtThePage(buyer, owed, basket[place:])
        return None

    async def _known(self, customer: int) -> Customer:
        if customer not in self._customers:
            self._customers[customer] = Customer(await self.shop.register(customer))
        return self._customers[customer]

    async def _charged(self, buyer: Customer, invoice_id: str, line: int) -> bool:
        """Charge the saved card; without one, or with one that is of no use, answer False."""
        if buyer.card is None:
            return False
        try:
            await self.shop.charge(invoice_id, buyer.card, line)
        except CardNotUsable:
            buyer.card = None
            self.sold.cards_refused += 1
            return False
        self.sold.charges += 1
        return True

    async def _welcome(self, back: "AtThePage") -> Sequence[Purchase]:
        """Take a customer who has paid into the club; return what else they buy today."""
        async with self._gate:
            buyer = back.buyer
            if await self.shop.is_paid(back.invoice_id):
                buyer.card = await self.shop.saved_card(buyer.id)
                if not buyer.in_club:
                    await self.shop.join_club(buyer.id, self.club, buyer.card)
                    buyer.in_club = True
                    self.sold.members += 1
        return back.rest


@dataclass(frozen=True, slots=True)
class AtThePage:
    """A customer who has decided at the payment page, and what else they buy that day."""

    buyer: Customer
    invoice_id: str
    rest: Sequence[Purchase]


async def _all(work: Iterable[Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*work))
