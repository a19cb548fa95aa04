-- The rules of the books, checked once per statement over all of its rows. A session plans each
-- query once, perhaps while the tables are empty, and that plan must still be right when they are
-- not: so these functions look rows up by index alone, and outer joins fix who looks up whom.

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

-- A shard of the company's balances, from 1 to 64, that no other open transaction writes to. With
-- more writers than shards somebody waits, and nothing else happens.
CREATE FUNCTION ledger_shard() RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE
    preferred integer := pg_backend_pid() % 64;
BEGIN
    FOR step IN 0..63 LOOP
        IF pg_try_advisory_xact_lock(1818583911, 1 + (preferred + step) % 64) THEN
            RETURN 1 + (preferred + step) % 64;
        END IF;
    END LOOP;
    RETURN 1 + preferred;
END $$;

-- A personal account has its balance row, shard 0, from the start: its floor is always checked.
CREATE FUNCTION ledger_open_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO account_balance
        (account_id, shard, balance_minor, floor_minor, normal_sign, currency)
    SELECT id, 0, 0, floor_minor,
        CASE WHEN kind IN ('asset', 'expense') THEN 1 ELSE -1 END, currency
    FROM added WHERE owner IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER opened AFTER INSERT ON account REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_open_balances();

-- Rows to be joined to a large table, one by one: the planner believes there is one of them, so it
-- looks each up by index, and that plan, made once per session, is right for every size of table.
CREATE FUNCTION ledger_deltas(accounts uuid[], currencies text[], deltas bigint[])
RETURNS TABLE (account_id uuid, currency text, balance_minor bigint) LANGUAGE sql VOLATILE ROWS 1 AS
    'SELECT * FROM unnest(accounts, currencies, deltas)';

-- Entries come whole: all entries of an operation in one statement, balanced per currency, on
-- known accounts in their currency, dated as their operation is. Then the balances move, in the
-- order of accounts. A balance row that is found proves its account and its currency.
CREATE FUNCTION ledger_book_entries() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    company_shard smallint := ledger_shard();
    used uuid[];
    currencies text[];
    deltas bigint[];
    kept_ids uuid[];
    company uuid[];
    wrong record;
BEGIN
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

    SELECT operation_id, currency, sum(amount_minor) AS difference INTO wrong
    FROM added GROUP BY operation_id, currency HAVING sum(amount_minor) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'operation %: debits exceed credits by % in %',
            wrong.operation_id, wrong.difference, wrong.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balanced';
    END IF;

    SELECT array_agg(account_id), array_agg(currency), array_agg(balance_minor)
    INTO used, currencies, deltas
    FROM (
        SELECT account_id, currency, sum(amount_minor)::bigint AS balance_minor
        FROM added GROUP BY account_id, currency ORDER BY account_id
    ) AS delta;
    WITH moved AS (
        UPDATE account_balance AS kept SET balance_minor = kept.balance_minor + delta.balance_minor
        FROM ledger_deltas(used, currencies, deltas) AS delta
        WHERE kept.account_id = delta.account_id AND kept.currency = delta.currency
            AND (kept.shard = 0 OR kept.shard = company_shard)
        RETURNING kept.account_id, kept.shard
    )
    SELECT array_agg(account_id), array_agg(account_id) FILTER (WHERE shard > 0)
    INTO kept_ids, company FROM moved;

    IF cardinality(used) > coalesce(cardinality(kept_ids), 0) THEN
        SELECT added.account_id, added.currency INTO wrong
        FROM added LEFT JOIN account ON account.id = added.account_id
        WHERE account.currency IS DISTINCT FROM added.currency LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'there is no account % in %', wrong.account_id, wrong.currency
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ledger_account_known';
        END IF;
        -- What is left are company accounts whose shard is used for the first time.
        WITH first AS (
            INSERT INTO account_balance AS kept
                (account_id, shard, balance_minor, normal_sign, currency)
            SELECT delta.account_id, company_shard, delta.balance_minor,
                CASE WHEN account.kind IN ('asset', 'expense') THEN 1 ELSE -1 END, delta.currency
            FROM ledger_deltas(used, currencies, deltas) AS delta
            LEFT JOIN account ON account.id = delta.account_id
            WHERE delta.account_id <> ALL (coalesce(kept_ids, '{}'))
            ON CONFLICT (account_id, shard) DO UPDATE SET
                balance_minor = kept.balance_minor + excluded.balance_minor
            RETURNING kept.account_id
        )
        SELECT company || array_agg(account_id) INTO company FROM first;
    END IF;

    INSERT INTO day_balance AS kept (account_id, day, shard, debit_minor, credit_minor, entries)
    SELECT account_id, posting_date,
        CASE WHEN account_id = ANY (company) THEN company_shard ELSE 0 END,
        sum(greatest(amount_minor, 0)), sum(greatest(-amount_minor, 0)), count(*)
    FROM added GROUP BY account_id, posting_date ORDER BY account_id, posting_date
    ON CONFLICT (account_id, day, shard) DO UPDATE SET
        debit_minor = kept.debit_minor + excluded.debit_minor,
        credit_minor = kept.credit_minor + excluded.credit_minor,
        entries = kept.entries + excluded.entries;
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
