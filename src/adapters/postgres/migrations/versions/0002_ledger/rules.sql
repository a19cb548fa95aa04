-- The rules of the books, checked once per statement over all of its rows. The functions that
-- look rows up in large tables forbid scans: they are planned while the tables are empty, and
-- that plan must still be right when they are not.

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: reverse an operation instead of changing it', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_append_only';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operation
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER never_closed BEFORE DELETE OR TRUNCATE ON account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER never_gone BEFORE DELETE OR TRUNCATE ON ledger_calendar
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

-- Of an account, only the floor may change.
CREATE FUNCTION ledger_refuse_rename() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.code, NEW.kind, NEW.owner, NEW.currency)
        IS DISTINCT FROM (OLD.id, OLD.code, OLD.kind, OLD.owner, OLD.currency) THEN
        RAISE EXCEPTION 'account % is what it was opened as', OLD.code
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_account_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fixed BEFORE UPDATE ON account
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_rename();

CREATE FUNCTION ledger_guard_calendar() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM now() AT TIME ZONE NEW.zone;
    IF NEW.zone <> OLD.zone AND EXISTS (SELECT FROM operation) THEN
        RAISE EXCEPTION 'the ledger already counts its days in %', OLD.zone
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_zone_fixed';
    END IF;
    IF OLD.closed_through IS NOT NULL
        AND (NEW.closed_through IS NULL OR NEW.closed_through < OLD.closed_through) THEN
        RAISE EXCEPTION 'days are closed through %', OLD.closed_through
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ledger_days_closed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guarded BEFORE UPDATE ON ledger_calendar
    FOR EACH ROW EXECUTE FUNCTION ledger_guard_calendar();

-- One lock for the calendar: shared by whoever posts, alone for whoever closes a day. It is taken
-- before `closed_through` is read, so no posting that read an older value commits after the close.
CREATE FUNCTION ledger_lock_calendar() RETURNS void LANGUAGE sql AS
    'SELECT pg_advisory_xact_lock_shared(1818583911, -1)';
CREATE FUNCTION ledger_lock_calendar_alone() RETURNS void LANGUAGE sql AS
    'SELECT pg_advisory_xact_lock(1818583911, -1)';

-- A shard of the company's balances that no other open transaction writes to; 64 are enough for
-- the writers a server runs at once, and the 65th only waits.
CREATE FUNCTION ledger_shard() RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE
    preferred integer := pg_backend_pid() % 64;
BEGIN
    FOR step IN 0..63 LOOP
        IF pg_try_advisory_xact_lock(1818583911, (preferred + step) % 64) THEN
            RETURN (preferred + step) % 64;
        END IF;
    END LOOP;
    RETURN preferred;
END $$;

-- Entries come whole: all entries of an operation in one statement, balanced per currency, on
-- open accounts of their currency, dated as their operation is. Then the balances move.
CREATE FUNCTION ledger_book_entries() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    wrong record;
    company_shard smallint := ledger_shard();
BEGIN
    SELECT operation_id, currency, sum(amount_minor) AS difference INTO wrong
    FROM added GROUP BY operation_id, currency HAVING sum(amount_minor) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'operation %: debits exceed credits by % in %',
            wrong.operation_id, wrong.difference, wrong.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balanced';
    END IF;

    SELECT whole.operation_id INTO wrong
    FROM (
        SELECT operation_id, count(*) AS entries, min(seq) AS first, max(seq) AS last,
            min(posting_date) AS earliest, max(posting_date) AS latest
        FROM added GROUP BY operation_id
    ) AS whole
    LEFT JOIN operation ON operation.id = whole.operation_id
    WHERE operation.entry_count IS DISTINCT FROM whole.entries
        OR whole.first <> 1 OR whole.last <> whole.entries
        OR whole.earliest <> operation.posting_date OR whole.latest <> operation.posting_date
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'operation %: its entries must come whole, with it and dated as it is',
            wrong.operation_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_whole';
    END IF;

    SELECT used.account_id, used.currency INTO wrong
    FROM (SELECT DISTINCT account_id, currency FROM added) AS used
    LEFT JOIN account ON account.id = used.account_id
    WHERE account.currency IS DISTINCT FROM used.currency LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no account % in %', wrong.account_id, wrong.currency
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ledger_account_known';
    END IF;

    WITH moved AS MATERIALIZED (
        SELECT delta.*,
            CASE WHEN account.owner IS NULL THEN company_shard ELSE 0 END::smallint AS shard,
            CASE WHEN account.kind IN ('asset', 'expense') THEN 1 ELSE -1 END::smallint AS sign
        FROM (
            SELECT account_id, posting_date, count(*) AS entries,
                sum(greatest(amount_minor, 0))::bigint AS debit_minor,
                sum(greatest(-amount_minor, 0))::bigint AS credit_minor
            FROM added GROUP BY account_id, posting_date
        ) AS delta
        JOIN account ON account.id = delta.account_id
    ), by_day AS (
        INSERT INTO day_balance AS kept
            (account_id, day, shard, debit_minor, credit_minor, entries)
        SELECT account_id, posting_date, shard, debit_minor, credit_minor, entries
        FROM moved ORDER BY account_id, shard, posting_date
        ON CONFLICT (account_id, day, shard) DO UPDATE SET
            debit_minor = kept.debit_minor + excluded.debit_minor,
            credit_minor = kept.credit_minor + excluded.credit_minor,
            entries = kept.entries + excluded.entries
    )
    -- The floor of the row that is kept counts; a new row is never a limited account's.
    INSERT INTO account_balance AS kept (account_id, shard, balance_minor, normal_sign)
    SELECT account_id, shard, sum(debit_minor - credit_minor)::bigint, sign
    FROM moved GROUP BY account_id, shard, sign ORDER BY account_id, shard
    ON CONFLICT (account_id, shard) DO UPDATE SET
        balance_minor = kept.balance_minor + excluded.balance_minor;
    RETURN NULL;
END $$;
CREATE TRIGGER booked AFTER INSERT ON entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_book_entries();

-- Operations come with their entries, in one statement, on an open day.
CREATE FUNCTION ledger_guard_operations() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    wrong record;
BEGIN
    PERFORM ledger_lock_calendar();
    SELECT added.id, added.posting_date INTO wrong FROM added
    WHERE added.posting_date <= (SELECT closed_through FROM ledger_calendar) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'operation %: day % is closed', wrong.id, wrong.posting_date
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_day_open';
    END IF;

    -- `booked` has seen to it that entries are whole, so the last one stands for all.
    SELECT added.id INTO wrong FROM added
    WHERE NOT EXISTS (
        SELECT FROM entry WHERE entry.operation_id = added.id AND entry.seq = added.entry_count
    ) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'operation % has no entries', wrong.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_whole';
    END IF;

    SELECT added.reverses INTO wrong FROM added
    WHERE added.reverses IS NOT NULL AND NOT EXISTS (
        SELECT FROM operation AS reversed
        WHERE reversed.id = added.reverses AND reversed.reverses IS NULL
    ) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no operation % to reverse', wrong.reverses
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ledger_reverses_known';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER guarded AFTER INSERT ON operation REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_operations();
