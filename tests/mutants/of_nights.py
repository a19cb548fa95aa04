"""Mistakes of closing days, settling them and paying out."""

from tests.mutants.mutant import mutant

_ACCOUNTS = "integration/tasks/test_accounts.py"
_PAYOUTS = "integration/tasks/test_payouts.py"
_TOGETHER = "integration/tasks/machines/test_together.py"
_DAYS = "integration/tasks/machines/test_payouts_machine.py::test_any_history_of_days"
_RUN = "application/ledger/run_payouts.py"
_WALLETS = "adapters/postgres/wallets.py"
_POST_SQL = "adapters/postgres/migrations/versions/0002_ledger/post.sql"
_TABLES_SQL = "adapters/postgres/migrations/versions/0007_accounts/up.sql"

DAYS = [
    mutant(
        "a late fact is entered on its day though that is closed",
        _POST_SQL,
        ("greatest(value_date, calendar.closed_through + 1)", "value_date"),
        by=[f"{_ACCOUNTS}::test_a_fact_of_a_closed_day_is_entered_on_the_first_open_one"],
    ),
    mutant(
        "a day closes over postings that are on their way into it",
        "adapters/postgres/ledger.py",
        ('await self._driver.execute("SELECT ledger_lock_calendar_alone()")', "pass"),
        by=[
            "integration/ledger/test_together.py::"
            "test_a_day_closes_after_the_postings_that_are_on_their_way_into_it"
        ],
    ),
    mutant(
        "what a day brought includes what was paid out",
        _WALLETS,
        ("[one for one in movements if one.kind != _PAYOUT]", "movements"),
        by=[_DAYS],
    ),
    mutant(
        "days that were missed are netted",
        _RUN,
        (
            "if await self.days.carries(uow):\n            return first\n"
            "        return target if moved is None else min(max(moved, first), target)",
            "return target",
        ),
        by=[_DAYS],
    ),
    mutant(
        "another day is closed before a run that was killed has ended",
        _RUN,
        ("            if unended is not None:", "            if False:"),
        by=[_DAYS],
    ),
    mutant(
        "a strict run closes a day over facts that wait",
        _RUN,
        (
            "and self.is_strict:\n                return None",
            "and False:\n                return None",
        ),
        by=[f"{_PAYOUTS}::test_a_strict_run_waits_for_facts_of_the_day"],
    ),
]

SETTLING = [
    mutant(
        "a wallet is claimed again for a day it was settled for",
        _WALLETS,
        (
            "WHERE wallet.last_run IS NULL OR wallet.last_run < $1\nORDER BY",
            "ORDER BY",
        ),
        by=[
            f"{_TOGETHER}::test_who_was_settled_for_a_day_is_not_claimed_for_it_again",
            f"{_TOGETHER}::"
            "test_a_runner_that_slept_through_the_next_night_pays_nobody_for_the_last",
        ],
    ),
    mutant(
        "the database takes two settlements of one day",
        _TABLES_SQL,
        (
            "CONSTRAINT pk_settlement PRIMARY KEY (person_id, currency, run),",
            "",
        ),
        (
            "CONSTRAINT fk_payout_settlement FOREIGN KEY (person_id, currency, run)\n"
            "        REFERENCES settlement (person_id, currency, run)",
            "CONSTRAINT fk_payout_settlement CHECK (true)",
        ),
        by=[f"{_TOGETHER}::test_the_database_itself_refuses_a_second_settlement_of_a_day"],
    ),
    mutant(
        "two runners take the same people",
        _WALLETS,
        (" LIMIT $2 FOR UPDATE OF wallet SKIP LOCKED", " LIMIT $2"),
        by=[f"{_TOGETHER}::test_runners_who_all_want_the_same_people_pay_each_once"],
    ),
    mutant(
        "a settlement is committed before its payout is entered",
        _RUN,
        (
            "await self.wallets.settle(uow, day, settled)\n",
            "await self.wallets.settle(uow, day, settled)\n"
            "            await uow.driver.execute('COMMIT')  # type: ignore[attr-defined]\n"
            "            await uow.driver.execute('BEGIN')  # type: ignore[attr-defined]\n",
        ),
        by=[_DAYS],
    ),
    mutant(
        "days that are still open are marked as settled",
        _WALLETS,
        (
            "AND wallet_day.settled_run IS NULL AND wallet_day.day <= $1",
            "AND wallet_day.settled_run IS NULL",
        ),
        by=[f"{_PAYOUTS}::test_what_happens_after_midnight_is_not_looked_at"],
    ),
    mutant(
        "what happened after midnight is looked at",
        _WALLETS,
        ("WHERE settled_run IS NULL AND day <= $1 GROUP BY", "WHERE settled_run IS NULL GROUP BY"),
        by=[f"{_PAYOUTS}::test_what_happens_after_midnight_is_not_looked_at"],
    ),
    mutant(
        "debtors who do nothing are settled every night",
        _WALLETS,
        (
            "SELECT person_id, currency FROM wallet WHERE carry_minor > 0",
            "SELECT person_id, currency FROM wallet WHERE carry_minor <> 0",
        ),
        by=[
            "integration/tasks/test_cost.py::"
            "test_a_night_reads_no_more_for_idle_debtors_or_for_more_work"
        ],
    ),
    mutant(
        "a debt is forgiven overnight",
        "domain/ledger/payout.py",
        ("closing_minor=due - payout,", "closing_minor=max(due, 0) - payout,"),
        by=["domain/ledger/test_payout.py::test_what_was_there_is_paid_or_carried"],
    ),
    mutant(
        "a wallet that is held is paid out",
        "domain/ledger/payout.py",
        ("pays = not on_hold and due", "pays = due"),
        by=[_DAYS],
    ),
    mutant(
        "whoever proposes a correction approves it",
        "domain/ledger/corrections.py",
        ('if by.partition(":")[2] == correction.proposed_by.partition(":")[2]:', "if False:"),
        by=[
            "integration/api/test_corrections.py::test_nothing_moves_before_somebody_else_approves"
        ],
    ),
]
