"""Any commands to a tracker: who holds what, what is told, and what a shuffle gives."""

import pytest
from hypothesis.stateful import invariant

from domain.tasks.events import TRACKER
from tests.integration.tasks.machines.stage import play, play_at_random
from tests.integration.tasks.machines.tracker_machine import TrackerMachine, sent


class Alone(TrackerMachine):
    """A tracker nobody listens to yet: all that was told still waits."""

    @invariant()
    def everything_told_waits_for_the_books(self) -> None:
        told = self.rows(
            "SELECT event_id FROM event WHERE producer = $1 ORDER BY position", TRACKER
        )
        waiting = [row["payload"]["event_id"] for row in sent(self, "ledger")]
        assert waiting == [str(row["event_id"]) for row in told]


def test_any_commands(module_database_url: str) -> None:
    play(Alone, module_database_url, examples=25, steps=30)


@pytest.mark.slow
def test_any_long_row_of_commands(database_url: str) -> None:
    play_at_random(Alone, database_url, examples=100, steps=70)
