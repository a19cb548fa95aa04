-- Columns stand widest first, so that rows need no padding.

CREATE TABLE account (
    id uuid NOT NULL,
    code text NOT NULL,
    kind text NOT NULL,
    owner uuid,
    currency text NOT NULL,
    floor_minor bigint,
    opened_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_account PRIMARY KEY (id),
    CONSTRAINT uq_account_code_owner_currency UNIQUE NULLS NOT DISTINCT (code, owner, currency),
    CONSTRAINT ck_account_kind
        CHECK (kind IN ('asset', 'liability', 'income', 'expense', 'equity')),
    CONSTRAINT ck_account_currency CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_account_only_personal_limited CHECK (floor_minor IS NULL OR owner IS NOT NULL)
);
CREATE INDEX ix_account_owner ON account (owner) WHERE owner IS NOT NULL;

CREATE TABLE operation (
    id uuid NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    value_date date NOT NULL,
    posting_date date NOT NULL,
    entry_count smallint NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    attempt_id uuid,
    refund_id uuid,
    invoice_id uuid,
    reverses uuid,
    actor text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT pk_operation PRIMARY KEY (id),
    CONSTRAINT uq_operation_key UNIQUE (key),
    CONSTRAINT ck_operation_never_early CHECK (posting_date >= value_date),
    CONSTRAINT ck_operation_entry_count CHECK (entry_count BETWEEN 2 AND 1000)
);
CREATE UNIQUE INDEX uq_operation_reverses ON operation (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX ix_operation_attempt_id ON operation (attempt_id) WHERE attempt_id IS NOT NULL;
CREATE INDEX ix_operation_refund_id ON operation (refund_id) WHERE refund_id IS NOT NULL;

CREATE TABLE entry (
    operation_id uuid NOT NULL,
    account_id uuid NOT NULL,
    amount_minor bigint NOT NULL,  -- debits positive, credits negative
    posting_date date NOT NULL,
    seq smallint NOT NULL,
    currency text NOT NULL,
    CONSTRAINT pk_entry PRIMARY KEY (operation_id, seq),
    CONSTRAINT ck_entry_amount
        CHECK (amount_minor <> 0 AND abs(amount_minor) <= 1000000000000000)
);
CREATE INDEX ix_entry_account_id ON entry (account_id, posting_date, operation_id);

-- A personal account has one row, shard 0. A company account has a row for every shard, from 1 on,
-- that a transaction happened to use: its writers never queue.
CREATE TABLE account_balance (
    account_id uuid NOT NULL,
    balance_minor bigint NOT NULL,  -- debits less credits
    floor_minor bigint,
    shard smallint NOT NULL,
    normal_sign smallint NOT NULL,
    currency text NOT NULL,
    CONSTRAINT pk_account_balance PRIMARY KEY (account_id, shard),
    CONSTRAINT ck_account_balance_floor
        CHECK (floor_minor IS NULL OR normal_sign * balance_minor >= floor_minor)
) WITH (fillfactor = 90);  -- a page is tidied when it is fuller than this: not at every update

CREATE TABLE day_balance (
    account_id uuid NOT NULL,
    debit_minor bigint NOT NULL,
    credit_minor bigint NOT NULL,
    day date NOT NULL,
    shard smallint NOT NULL,
    entries bigint NOT NULL,
    CONSTRAINT pk_day_balance PRIMARY KEY (account_id, day, shard)
) WITH (fillfactor = 90);

CREATE TABLE ledger_calendar (
    id smallint NOT NULL DEFAULT 1,
    zone text NOT NULL,
    closed_through date,
    CONSTRAINT pk_ledger_calendar PRIMARY KEY (id),
    CONSTRAINT ck_ledger_calendar_only_row CHECK (id = 1)
);
INSERT INTO ledger_calendar (zone) VALUES ('UTC');
