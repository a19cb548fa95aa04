-- The reference: what a competent author writes by hand, one posting per call, on tables of the
-- same columns and indexes as Kazna's, without its guards. Each posting has the same effect: an
-- operation with a unique key, two entries, two balances, two day balances, a message.
CREATE SCHEMA plain;
SET search_path = plain;

CREATE TABLE operation (LIKE public.operation INCLUDING ALL);
CREATE TABLE entry (LIKE public.entry INCLUDING ALL);
CREATE TABLE balance (account_id uuid PRIMARY KEY, balance_minor bigint NOT NULL) WITH (fillfactor = 70);
CREATE TABLE day_balance (
    account_id uuid NOT NULL, day date NOT NULL, debit_minor bigint NOT NULL,
    credit_minor bigint NOT NULL, entries bigint NOT NULL, PRIMARY KEY (account_id, day)
) WITH (fillfactor = 80);
CREATE TABLE message (LIKE public.message INCLUDING ALL);

CREATE FUNCTION account_at(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT lpad(to_hex(n), 32, '0')::uuid $$;

CREATE FUNCTION post(debited uuid, credited uuid, amount bigint) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    new_id uuid := gen_random_uuid();
    today date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
    INSERT INTO plain.operation (id, key, kind, occurred_at, value_date, posting_date, entry_count,
        actor, reason, correlation_id, attempt_id, invoice_id)
    VALUES (new_id, 'capture:' || new_id, 'charge_captured', now(), today, today, 2,
        'job:bench', 'measured', new_id, new_id, new_id)
    ON CONFLICT (key) DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO plain.entry (operation_id, seq, account_id, amount_minor, currency, posting_date)
    VALUES (new_id, 1, debited, amount, 'RUB', today), (new_id, 2, credited, -amount, 'RUB', today);
    INSERT INTO plain.message (queue, name, payload)
    VALUES ('ledger', 'ledger.operation_posted.v1', jsonb_build_object('operation_id', new_id));
    INSERT INTO plain.day_balance AS kept VALUES
        (least(debited, credited), today, amount, 0, 1),
        (greatest(debited, credited), today, 0, amount, 1)
    ON CONFLICT (account_id, day) DO UPDATE SET
        debit_minor = kept.debit_minor + excluded.debit_minor,
        credit_minor = kept.credit_minor + excluded.credit_minor,
        entries = kept.entries + excluded.entries;
    UPDATE plain.balance SET balance_minor = balance_minor + amount
    WHERE account_id = least(debited, credited);
    UPDATE plain.balance SET balance_minor = balance_minor - amount
    WHERE account_id = greatest(debited, credited);
    RETURN new_id;
END $$;
