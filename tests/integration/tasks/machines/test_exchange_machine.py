"""The whole way: commands, a delivery that loses, doubles and reorders, books, pay, analytics."""

from collections import defaultdict
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from application.jobs import JobOrder
from application.ledger.parked_facts import TakeUpParked
from application.ledger.task_events import TASK_EVENT
from tests.integration.analytics.counted import Counted
from tests.integration.tasks.exchange import PRICING, hours
from tests.integration.tasks.machines.stage import play, play_at_random
from tests.integration.tasks.machines.tracker_machine import ANY, TrackerMachine
from tests.integration.tasks.tracker import TrackedExchange, cause


class Whole(TrackedExchange, Counted):
    """Tracker, books and analytics of one exchange."""


class EndToEndMachine(TrackerMachine):
    """Whatever happens on the way, what was done is on the books once everything arrived."""

    kind = Whole
    exchange: Any

    def waiting(self) -> list[Any]:
        return list(self.run(self.exchange.waiting(TASK_EVENT)))

    @rule(places=st.lists(ANY, min_size=1, max_size=6), dies=st.booleans(), forgets=st.booleans())
    def deliver(self, places: list[int], dies: bool, forgets: bool) -> None:
        """Deliver some messages in any order, some twice.

        A worker may die before the commit, and the broker may never hear that it was done.
        """
        waiting = self.waiting()
        if not waiting:
            return
        batch = [waiting[place % len(waiting)] for place in places]
        if not forgets:
            self.run(self.exchange.carry_out(batch, crash=dies))
            return
        self.run(self.exchange.hear(*(one.payload for one in batch)))

    @rule(count=st.sampled_from([1, 8, 24, 50]))
    def time_goes_by(self, count: float) -> None:
        self.clock.advance(hours(count))

    @rule()
    def pay(self) -> None:
        self.run(self.exchange.pay())

    @rule()
    def take_up_what_waits(self) -> None:
        take_up = TakeUpParked(self.exchange.open_uow, self.exchange.books)
        self.run(take_up(JobOrder(now=self.clock.now(), cause=cause())))

    @precondition(lambda self: self.tasks)
    @rule()
    def count(self) -> None:
        self.run(self.exchange.count())

    # The oracle: every assignment costs, every completion brings, in no order at all.

    def facts(self) -> dict[str, tuple[UUID, int]]:
        found = {}
        for key, held in self.tasks.items():
            prices = PRICING.of(key)
            for assignation, person in held.assignations:
                found[f"fee:{key}:{assignation}"] = person, -prices.fee.amount_minor
            if held.is_done:
                found[f"reward:{key}"] = held.holder, prices.reward.amount_minor
        return found

    def teardown(self) -> None:
        self.carry_out_the_rest()
        while waiting := self.waiting():
            self.run(self.exchange.carry_out(waiting[::-1]))
        self.take_up_what_waits()
        self.the_books_are_the_facts()
        self.analytics_counts_the_same()
        self.clock.advance(timedelta(days=2))
        self.pay()
        self.everybody_has_what_they_earned()
        self.the_books_hold()
        super().teardown()

    def the_books_are_the_facts(self) -> None:
        assert not self.value("SELECT count(*) FROM parked_fact")
        assert not self.value("SELECT count(*) FROM dead_fact")
        kept = self.rows(
            "SELECT key, person_id, amount_minor FROM operation "
            "JOIN wallet_entry ON operation_id = operation.id WHERE wallet_entry.kind <> 'PAYOUT'"
        )
        assert {row["key"]: (row["person_id"], row["amount_minor"]) for row in kept} == self.facts()

    def everybody_has_what_they_earned(self) -> None:
        earned: dict[UUID, int] = defaultdict(int)
        for person, amount in self.facts().values():
            earned[person] += amount
        stands = self.rows(
            "SELECT person_id, balance_minor + coalesce((SELECT sum(amount_minor) FROM payout "
            "WHERE payout.person_id = wallet.person_id), 0)::bigint AS minor, balance_minor "
            "FROM wallet"
        )
        assert {row["person_id"]: row["minor"] for row in stands} == dict(earned)
        assert all(row["balance_minor"] <= 0 for row in stands)

    def analytics_counts_the_same(self) -> None:
        self.run(self.exchange.count())
        earned = -sum(amount for _, amount in self.facts().values())
        assert self.run(self.exchange.net("value")) == earned
        assert self.run(self.exchange.net("posting")) == earned
        counted = self.run(self.exchange.tables())
        self.run(self.exchange.rebuild(piece=7))
        assert self.run(self.exchange.tables()) == counted


def test_the_whole_way(module_database_url: str) -> None:
    play(EndToEndMachine, module_database_url, examples=18, steps=35)


@pytest.mark.slow
def test_the_whole_long_way(database_url: str) -> None:
    play_at_random(EndToEndMachine, database_url, examples=80, steps=80)
