"""The books of the exchange, held against a fold of the facts by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.postgres.exchange_overview import PostgresExchangeOverview
from adapters.postgres.overview import Rows
from entrypoints.demo.checks import Check
from entrypoints.demo.checks import usd as money
from entrypoints.sandbox.mail import MailCatcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Everything the report shows; amounts are minor units."""

    by_year: Rows
    totals: Mapping[str, Any]
    company: Mapping[str, int]
    keys: set[str]
    earned: Mapping[UUID, int]
    payouts: Rows
    jobs: Rows
    messages: Mapping[str, Any]


async def read_books(overview: PostgresExchangeOverview) -> Books:
    """Read everything."""
    return Books(
        by_year=await overview.by_year(),
        totals=await overview.totals(),
        company=await overview.company(),
        keys=await overview.keys(),
        earned=await overview.earned(),
        payouts=await overview.payouts(),
        jobs=await overview.jobs(),
        messages=await overview.messages(),
    )


def checks_of(
    books: Books,
    people: Mapping[UUID, int],
    keys: set[str],
    sums: tuple[int, int],
    events: tuple[int, int],
) -> Sequence[Check]:
    """Say what must hold; `events` are (told, taken in)."""
    totals, company = books.totals, books.company
    fees, rewards = -company.get("fee_income", 0), company.get("reward_expense", 0)
    cash = -company.get("cash", 0)
    net = sum(people.values())
    return [
        Check(
            "every event was taken once",
            events[0] == events[1],
            f"{events[1]:,} taken in, {events[0]:,} told",
        ),
        Check(
            "every fact is on the books once, and nothing else (L2)",
            books.keys == keys,
            f"{len(books.keys):,} fees and rewards, {len(keys):,} facts",
        ),
        Check(
            "everybody earned what the facts come to, to the unit",
            dict(books.earned) == dict(people),
            f"{len(people):,} people, {money(net)} in all",
        ),
        Check(
            "fee income and reward expense are the facts' fees and rewards",
            (fees, rewards) == sums,
            f"{money(fees)} of fees, {money(rewards)} of rewards",
        ),
        Check(
            "what people earned was paid out or is in their wallets",
            net == totals["paid_minor"] + totals["balance_minor"],
            f"{money(totals['paid_minor'])} paid, {money(totals['balance_minor'])} in wallets",
        ),
        Check(
            "every payout left our account, and nothing is on its way",
            cash == totals["paid_minor"] and not company.get("payouts_in_transit", 0),
            f"{totals['payouts']:,} payouts, {money(cash)} of cash",
        ),
        Check(
            "every day is closed, no fact waits, none died",
            not (totals["days_open"] or totals["parked"] or totals["dead"]),
            f"{totals['days_closed']:,} days, {totals['parked']} parked, {totals['dead']} dead",
        ),
    ]


def mail_check(books: Books, mails: MailCatcher) -> Check:
    """Everybody was told of every payout, once."""
    told = {one.message["Message-ID"] for one in mails.letters}
    wanted = books.totals["payouts"]
    return Check(
        "everybody was told of every payout by mail, once",
        len(told) == len(mails.letters) == wanted,
        f"{len(mails.letters):,} mails, {wanted:,} payouts",
    )
