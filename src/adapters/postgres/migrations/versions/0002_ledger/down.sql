DROP FUNCTION ledger_post, ledger_compare;
DROP TABLE account_balance, day_balance, entry, operation, account, ledger_calendar;
DROP FUNCTION ledger_book_entries, ledger_guard_operations, ledger_open_balances, ledger_deltas,
    ledger_shard, ledger_guard_calendar, ledger_lock_calendar, ledger_lock_calendar_alone,
    ledger_refuse_change, ledger_refuse_rename;
