-- Everything of a batch in one call: arrays in, one row out. Entries name their operation and
-- account by position; accounts that may not exist yet come as `new_*`, and `opened` tells how many
-- of them did not. `own_zone` is the zone the caller counts days in: the first posting fixes it,
-- and a caller with another zone is refused from then on. Keys and accounts come sorted, so that
-- two batches wait for each other at most one way round. `known_*` tell which keys were there
-- already, and whether they agree.
CREATE FUNCTION ledger_post(
    new_ids uuid[], new_codes text[], new_kinds text[], new_owners uuid[],
    new_currencies text[], new_floors bigint[], account_ids uuid[], account_currencies text[],
    ids uuid[], keys text[], kinds text[], occurred timestamptz[], value_dates date[],
    entry_counts smallint[], actors text[], reasons text[], correlations uuid[],
    causations uuid[], attempts uuid[], refunds uuid[], invoices uuid[], reversed uuid[],
    entry_operations integer[], entry_seqs smallint[], entry_accounts integer[], amounts bigint[],
    own_zone text,
    OUT opened integer, OUT posting_dates date[], OUT known_positions bigint[], OUT known_ids uuid[],
    OUT known_dates date[], OUT known_agree boolean[]
) LANGUAGE plpgsql AS $$
DECLARE
    calendar ledger_calendar;
    days date[];
    posted integer;
BEGIN
    PERFORM ledger_lock_calendar();
    SELECT * INTO calendar FROM ledger_calendar;
    IF calendar.zone <> own_zone THEN
        UPDATE ledger_calendar SET zone = own_zone WHERE zone <> own_zone;
        calendar.zone := own_zone;
    END IF;

    -- Without a target: two writers may open the same account at once, and meet at either index.
    INSERT INTO account (id, code, kind, owner, currency, floor_minor)
    SELECT * FROM unnest(new_ids, new_codes, new_kinds, new_owners, new_currencies, new_floors)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS opened = ROW_COUNT;

    SELECT array_agg(value_date ORDER BY position),
        array_agg(greatest(value_date, calendar.closed_through + 1) ORDER BY position)
    INTO days, posting_dates
    FROM (
        SELECT position, coalesce(given, (instant AT TIME ZONE calendar.zone)::date) AS value_date
        FROM unnest(value_dates, occurred) WITH ORDINALITY AS dated(given, instant, position)
    ) AS dated;

    -- Without a target here too: two reversals of one operation meet at its key or at `reverses`.
    WITH fresh AS (
        INSERT INTO operation (id, key, kind, occurred_at, value_date, posting_date, entry_count,
            actor, reason, correlation_id, causation_id, attempt_id, refund_id, invoice_id,
            reverses)
        SELECT * FROM unnest(ids, keys, kinds, occurred, days, posting_dates, entry_counts,
            actors, reasons, correlations, causations, attempts, refunds, invoices, reversed)
        ON CONFLICT DO NOTHING
        RETURNING id
    ), booked AS (
        INSERT INTO entry (operation_id, seq, account_id, amount_minor, currency, posting_date)
        SELECT ids[of_operation], seq, account_ids[of_account], amount,
            account_currencies[of_account], posting_dates[of_operation]
        FROM unnest(entry_operations, entry_seqs, entry_accounts, amounts)
            AS given(of_operation, seq, of_account, amount)
        WHERE ids[of_operation] IN (SELECT id FROM fresh)
    )
    SELECT count(*) INTO posted FROM fresh;

    IF posted < cardinality(ids) THEN
        SELECT * INTO known_positions, known_ids, known_dates, known_agree
        FROM ledger_compare(ids, keys, kinds, account_ids, entry_operations, entry_accounts,
            amounts);
        IF posted + coalesce(cardinality(known_positions), 0) < cardinality(ids) THEN
            RAISE EXCEPTION 'an operation is reversed at most once, under one key'
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'uq_operation_reverses';
        END IF;
    END IF;
END $$;

-- Keys of a batch that belong to operations under other ids, and whether kind, accounts and
-- amounts are the same; the order of entries is not.
CREATE FUNCTION ledger_compare(
    ids uuid[], keys text[], kinds text[], account_ids uuid[],
    entry_operations integer[], entry_accounts integer[], amounts bigint[],
    OUT positions bigint[], OUT found_ids uuid[], OUT found_dates date[], OUT agree boolean[]
) LANGUAGE sql SET enable_seqscan = off AS $$
    WITH known AS MATERIALIZED (
        SELECT given.position, operation.id, operation.posting_date,
            operation.kind = given.kind AS same_kind
        FROM unnest(ids, keys, kinds) WITH ORDINALITY AS given(id, key, kind, position)
        LEFT JOIN LATERAL (
            SELECT * FROM operation WHERE operation.key = given.key LIMIT 1
        ) AS operation ON true
        WHERE operation.id <> given.id
    ), offered AS MATERIALIZED (
        SELECT of_operation, array_agg(row(account_ids[of_account], amount)::text
            ORDER BY account_ids[of_account], amount) AS entries
        FROM unnest(entry_operations, entry_accounts, amounts)
            AS given(of_operation, of_account, amount)
        WHERE of_operation IN (SELECT position FROM known)
        GROUP BY of_operation
    )
    SELECT array_agg(known.position ORDER BY known.position),
        array_agg(known.id ORDER BY known.position),
        array_agg(known.posting_date ORDER BY known.position),
        array_agg(known.same_kind AND offered.entries = (
            SELECT array_agg(row(account_id, amount_minor)::text ORDER BY account_id, amount_minor)
            FROM entry WHERE entry.operation_id = known.id
        ) ORDER BY known.position)
    FROM known JOIN offered ON offered.of_operation = known.position
$$;
