"""Mistakes of the tracker, and of counting what it all came to."""

from tests.mutants.mutant import mutant

_TRACKER = "integration/tasks/test_tracker.py"
_COMMANDS = "integration/tasks/machines/test_tracker_machine.py::test_any_commands"
_COUNTING = "integration/analytics/test_counting.py"

TRACKER = [
    mutant(
        "a task is completed twice",
        "domain/tasks/task.py",
        (
            "    if isinstance(task.state, Completed):\n        return None\n    done = ",
            "    done = ",
        ),
        by=[f"{_TRACKER}::test_only_who_holds_a_task_completes_it_and_once"],
    ),
    mutant(
        "anybody completes a task",
        "domain/tasks/task.py",
        ("if task.assignment.assignee_id != by:", "if False:"),
        by=[f"{_TRACKER}::test_only_who_holds_a_task_completes_it_and_once"],
    ),
    mutant(
        "a shuffle gives tasks that were completed meanwhile",
        "domain/tasks/task.py",
        (
            "    if isinstance(task.state, Completed):\n        return None\n    given = ",
            "    given = ",
        ),
        by=[f"{_TRACKER}::test_tasks_completed_between_press_and_part_are_skipped"],
    ),
    mutant(
        "a shuffle leaves its tasks on the list",
        "adapters/postgres/tracker.py",
        (
            "DELETE FROM task_batch_item AS item\nUSING unnest(",
            "SELECT item.batch_id, item.chunk, item.task_id FROM task_batch_item AS item,\nunnest(",
        ),
        (
            "AND item.chunk = given.chunk\nRETURNING item.batch_id, item.chunk, item.task_id\n",
            "AND item.chunk = given.chunk\n",
        ),
        by=[f"{_TRACKER}::test_a_shuffle_that_was_killed_goes_on_and_gives_nothing_twice"],
    ),
    mutant(
        "managers and administrators are drawn",
        "adapters/postgres/people.py",
        ("is_active AND role IN ('worker', 'accountant')", "is_active"),
        by=[f"{_TRACKER}::test_nobody_to_give_it_to_leaves_nothing_behind", _COMMANDS],
    ),
    mutant(
        "people who left are drawn",
        "adapters/postgres/people.py",
        ("is_active AND role IN ('worker', 'accountant')", "role IN ('worker', 'accountant')"),
        by=[f"{_TRACKER}::test_everybody_eligible_is_drawn_alike", _COMMANDS],
    ),
    mutant(
        "the world hears of it before the commit",
        "adapters/postgres/unit_of_work.py",
        (
            '        await self.driver.execute("COMMIT")\n'
            "        if rung:\n            self._ring(rung)",
            "        if rung:\n            self._ring(rung)\n"
            '        await self.driver.execute("COMMIT")',
        ),
        by=[
            "integration/messages/test_outbox.py::"
            "test_a_bell_is_rung_when_everybody_can_read_what_it_rings_for"
        ],
    ),
]

ANALYTICS = [
    mutant(
        "people in the red are those who have something",
        "adapters/postgres/analytics.py",
        (
            "FROM person_balance WHERE balance_minor < 0",
            "FROM person_balance WHERE balance_minor > 0",
        ),
        by=[f"{_COUNTING}::test_a_day_keeps_how_many_were_in_the_red_when_it_closed"],
    ),
    mutant(
        "payouts count as earnings",
        "domain/analytics/facts.py",
        (
            'return _PURPOSES.get(kind or "")',
            'return _PURPOSES.get("TASK_REWARD" if kind == "PAYOUT" else kind or "")',
        ),
        by=[f"{_COUNTING}::test_payouts_change_no_day_and_do_change_balances"],
    ),
    mutant(
        "the dearest task is the cheapest",
        "domain/analytics/dearest.py",
        ("return -task.price_minor,", "return task.price_minor,"),
        by=["domain/analytics/test_dearest.py::test_the_example_of_three_days_of_march"],
    ),
    mutant(
        "an older balance replaces a newer one",
        "adapters/postgres/analytics.py",
        ("WHERE person_balance.wallet_seq < excluded.wallet_seq\n", ""),
        by=[f"{_COUNTING}::test_an_older_place_in_a_wallet_never_replaces_a_newer_one"],
    ),
]
