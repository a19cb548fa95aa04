-- What one transaction per event does, in one call: the price of the task, drawn once, an operation
-- with a unique key, its two entries, and the person's balance. A competent author's work by hand,
-- on tables of the same columns and indexes as Kazna's, without its guards: nothing is known of
-- the order of facts, and there is no log, no day, no balance of the company and no event.
CREATE SCHEMA IF NOT EXISTS plain;
CREATE TABLE plain.task_account (LIKE public.task_account INCLUDING ALL);
CREATE TABLE plain.operation (LIKE public.operation INCLUDING ALL);
CREATE TABLE plain.entry (LIKE public.entry INCLUDING ALL);
CREATE TABLE plain.wallet (LIKE public.wallet INCLUDING ALL) WITH (fillfactor = 80);

CREATE FUNCTION plain.person_at(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT lpad(to_hex(n), 32, '0')::uuid $$;
CREATE FUNCTION plain.task_at(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT md5(n::text)::uuid $$;

CREATE FUNCTION plain.take_fact(fact text, task uuid, person uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    new_id uuid := gen_random_uuid();
    today date := (now() AT TIME ZONE 'UTC')::date;
    is_fee boolean := fact = 'TaskAssigned';
    amount bigint;
BEGIN
    INSERT INTO plain.task_account (task_id, currency, fee_minor, reward_minor, pricing_version,
        state, last_no, details_version, title)
    VALUES (task, 'USD', 100 * (10 + floor(11 * random())), 100 * (20 + floor(21 * random())), 1,
        'priced', 0, 1, 'Measure')
    ON CONFLICT (task_id) DO NOTHING;
    SELECT CASE WHEN is_fee THEN fee_minor ELSE reward_minor END INTO amount
    FROM plain.task_account WHERE task_id = task;
    INSERT INTO plain.operation (id, key, kind, occurred_at, value_date, posting_date, entry_count,
        actor, reason, correlation_id)
    VALUES (new_id, CASE WHEN is_fee THEN 'fee:' ELSE 'reward:' END || task,
        CASE WHEN is_fee THEN 'assign_fee' ELSE 'task_reward' END, now(), today, today, 2,
        'job:bench', 'measured', new_id)
    ON CONFLICT (key) DO NOTHING;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    amount := CASE WHEN is_fee THEN amount ELSE -amount END;  -- debits of the wallet are positive
    INSERT INTO plain.entry (operation_id, seq, account_id, amount_minor, currency, posting_date)
    VALUES (new_id, 1, person, amount, 'USD', today),
        (new_id, 2, plain.person_at(0), -amount, 'USD', today);
    UPDATE plain.wallet SET balance_minor = balance_minor - amount, seq = seq + 1
    WHERE person_id = person AND currency = 'USD';
END $$;
