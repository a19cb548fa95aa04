"""People's accounts: what a wallet holds, what days brought, and what was paid for them."""

from collections.abc import Sequence

import asyncpg

from application.invariants import Violation

_CARRY_AND_OPEN_DAYS = """
SELECT person_id || ' ' || currency AS broken FROM wallet
WHERE balance_minor <> carry_minor + coalesce((
    SELECT sum(rewards_minor - fees_minor + adjustments_minor) FROM wallet_day AS day
    WHERE day.person_id = wallet.person_id AND day.currency = wallet.currency
        AND settled_run IS NULL), 0)
"""
_BALANCE_IS_THE_LOG = """
SELECT wallet.person_id || ' ' || wallet.currency AS broken FROM wallet
LEFT JOIN account ON account.code = 'wallet' AND account.owner = wallet.person_id
    AND account.currency = wallet.currency
LEFT JOIN account_balance AS kept ON kept.account_id = account.id
WHERE wallet.balance_minor <> coalesce(-kept.balance_minor, 0)
    OR wallet.balance_minor <> coalesce((
        SELECT sum(amount_minor) FROM wallet_entry AS one
        WHERE one.person_id = wallet.person_id AND one.currency = wallet.currency), 0)
"""
_LOG_RUNS = """
SELECT person_id || ' ' || seq AS broken FROM (
    SELECT person_id, seq, balance_minor, row_number() OVER mine AS place,
        sum(amount_minor) OVER mine AS runs
    FROM wallet_entry WINDOW mine AS (PARTITION BY person_id, currency ORDER BY seq)
) AS one WHERE seq <> place OR balance_minor <> runs
"""
_SETTLEMENTS_FOLLOW = """
SELECT person_id || ' ' || run AS broken FROM (
    SELECT person_id, run, opening_minor, lag(closing_minor, 1, 0::bigint) OVER (
        PARTITION BY person_id, currency ORDER BY run) AS before
    FROM settlement) AS one WHERE opening_minor <> before
"""
_PAYOUTS_ARE_SETTLED = """
SELECT settlement.person_id || ' ' || run AS broken FROM settlement
LEFT JOIN payout USING (person_id, currency, run)
WHERE settlement.payout_minor <> coalesce(payout.amount_minor, 0)
"""
_PAYOUTS_END_ONCE = """
SELECT payout.id::text AS broken FROM payout
LEFT JOIN operation AS settled ON settled.key = 'payout_settled:' || payout.id
LEFT JOIN operation AS returned ON returned.key = 'payout_returned:' || payout.id
WHERE (state = 'settled') <> (settled.id IS NOT NULL)
    OR (state = 'returned') <> (returned.id IS NOT NULL)
"""
_NO_DAY_LEFT_BEHIND = """
SELECT person_id || ' ' || wallet_day.day AS broken FROM wallet_day
WHERE settled_run IS NULL AND EXISTS (
    SELECT FROM payout_run WHERE payout_run.day >= wallet_day.day AND status = 'done')
"""
_NOTHING_WAITS_FOR_NOTHING = """
SELECT event_id::text AS broken FROM parked_fact JOIN task_account USING (task_id)
WHERE why = 'unknown_task' AND state <> 'unknown'
"""
_RULES = (
    (
        12,
        "a wallet is what is carried and what is not settled yet",
        _CARRY_AND_OPEN_DAYS,
    ),
    (12, "a wallet is its log, and the ledger's account", _BALANCE_IS_THE_LOG),
    (12, "a wallet's log counts without a gap", _LOG_RUNS),
    (12, "settlements follow one another", _SETTLEMENTS_FOLLOW),
    (12, "a payout is what was settled", _PAYOUTS_ARE_SETTLED),
    (12, "a payout is settled or returned, as the ledger says", _PAYOUTS_END_ONCE),
    (12, "no day is left behind by a run that is done", _NO_DAY_LEFT_BEHIND),
    (12, "no fact waits that could be applied", _NOTHING_WAITS_FOR_NOTHING),
)


async def check_accounts(driver: asyncpg.Connection) -> Sequence[Violation]:
    """Check rule 12 for every wallet and every day there ever was."""
    found: list[Violation] = []
    for number, name, query in _RULES:
        broken = await driver.fetch(f"{query} LIMIT 20")
        found += [Violation(number, name, row["broken"]) for row in broken]
    return found
