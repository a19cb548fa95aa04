-- A row exists as soon as any fact of a task was heard, so that whoever changes it waits for whoever
-- does; `unknown` until a fact says that the task exists.
CREATE TABLE task_account (
    task_id UUID NOT NULL,
    currency TEXT NOT NULL,
    fee_minor BIGINT NOT NULL,
    reward_minor BIGINT NOT NULL,
    pricing_version SMALLINT NOT NULL,
    state TEXT NOT NULL,
    assignee_id UUID,
    last_no INTEGER NOT NULL,
    completed_by UUID,
    completed_no INTEGER,
    completed_at TIMESTAMP WITH TIME ZONE,
    details_version INTEGER NOT NULL,
    title TEXT NOT NULL,
    jira_id TEXT,
    description TEXT,
    author_id UUID,
    CONSTRAINT pk_task_account PRIMARY KEY (task_id),
    CONSTRAINT ck_task_account_state CHECK (state IN ('unknown', 'priced', 'assigned', 'completed')),
    CONSTRAINT ck_task_account_prices CHECK (fee_minor > 0 AND reward_minor > 0),
    CONSTRAINT ck_task_account_completed CHECK (
        (state = 'completed') = (completed_by IS NOT NULL)
        AND (state = 'completed') = (completed_no IS NOT NULL)
        AND (state = 'completed') = (completed_at IS NOT NULL)
    )
);
CREATE INDEX ix_task_account_completed_at ON task_account (completed_at, reward_minor DESC)
    WHERE state = 'completed';

-- Facts that came too early or lie in the future, and those that contradict what is known.
CREATE TABLE parked_fact (
    event_id UUID NOT NULL,
    task_id UUID NOT NULL,
    why TEXT NOT NULL,
    envelope JSONB NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    parked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_parked_fact PRIMARY KEY (event_id),
    CONSTRAINT ck_parked_fact_why CHECK (why IN ('unknown_task', 'future'))
);
CREATE INDEX ix_parked_fact_task_id ON parked_fact (task_id) WHERE why = 'unknown_task';
CREATE INDEX ix_parked_fact_occurred_at ON parked_fact (occurred_at);

CREATE TABLE dead_fact (
    event_id UUID NOT NULL,
    task_id UUID,
    why TEXT NOT NULL,
    envelope JSONB NOT NULL,
    died_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_dead_fact PRIMARY KEY (event_id)
);
CREATE INDEX ix_dead_fact_died_at ON dead_fact (died_at, event_id);

CREATE TABLE wallet (
    person_id UUID NOT NULL,
    currency TEXT NOT NULL,
    balance_minor BIGINT NOT NULL,
    carry_minor BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    last_run DATE,
    is_held BOOLEAN NOT NULL,
    CONSTRAINT pk_wallet PRIMARY KEY (person_id, currency)
) WITH (fillfactor = 80);
CREATE INDEX ix_wallet_carry ON wallet (person_id, currency) WHERE carry_minor > 0;
CREATE INDEX ix_wallet_red ON wallet (balance_minor, person_id) WHERE balance_minor < 0;

-- Everything that ever moved a wallet, in the order it did.
CREATE TABLE wallet_entry (
    person_id UUID NOT NULL,
    currency TEXT NOT NULL,
    seq BIGINT NOT NULL,
    operation_id UUID NOT NULL,
    kind TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    balance_minor BIGINT NOT NULL,
    task_id UUID,
    assignation_id UUID,
    payout_id UUID,
    value_date DATE NOT NULL,
    posting_date DATE NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_wallet_entry PRIMARY KEY (person_id, currency, seq),
    CONSTRAINT uq_wallet_entry_operation_id UNIQUE (operation_id),
    CONSTRAINT ck_wallet_entry_amount CHECK (amount_minor <> 0),
    CONSTRAINT ck_wallet_entry_kind CHECK (kind IN ('ASSIGN_FEE', 'TASK_REWARD', 'PAYOUT',
        'PAYOUT_RETURNED', 'ADJUSTMENT', 'REVERSAL'))
);
CREATE INDEX ix_wallet_entry_value_date ON wallet_entry (value_date, kind);
CREATE TRIGGER wallet_entry_is_append_only BEFORE UPDATE OR DELETE ON wallet_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A person's day: what it brought; settled once, in the run of a day.
CREATE TABLE wallet_day (
    person_id UUID NOT NULL,
    currency TEXT NOT NULL,
    day DATE NOT NULL,
    fees_minor BIGINT NOT NULL,
    rewards_minor BIGINT NOT NULL,
    adjustments_minor BIGINT NOT NULL,
    operations INTEGER NOT NULL,
    settled_run DATE,
    CONSTRAINT pk_wallet_day PRIMARY KEY (person_id, currency, day),
    CONSTRAINT ck_wallet_day_settled CHECK (settled_run >= day)
) WITH (fillfactor = 80);
CREATE INDEX ix_wallet_day_unsettled ON wallet_day (day, person_id, currency)
    WHERE settled_run IS NULL;

CREATE TABLE payout_run (
    day DATE NOT NULL,
    status TEXT NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    done_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_payout_run PRIMARY KEY (day),
    CONSTRAINT ck_payout_run_status CHECK (status IN ('closed', 'done')),
    CONSTRAINT ck_payout_run_done CHECK ((status = 'done') = (done_at IS NOT NULL))
);
CREATE INDEX ix_payout_run_open ON payout_run (day) WHERE status = 'closed';

CREATE TABLE settlement (
    person_id UUID NOT NULL,
    currency TEXT NOT NULL,
    run DATE NOT NULL,
    opening_minor BIGINT NOT NULL,
    net_minor BIGINT NOT NULL,
    payout_minor BIGINT NOT NULL,
    closing_minor BIGINT NOT NULL,
    CONSTRAINT pk_settlement PRIMARY KEY (person_id, currency, run),
    CONSTRAINT ck_settlement_adds_up CHECK (opening_minor + net_minor = payout_minor + closing_minor),
    CONSTRAINT ck_settlement_payout CHECK (payout_minor >= 0)
);

CREATE TABLE payout (
    id UUID NOT NULL,
    person_id UUID NOT NULL,
    currency TEXT NOT NULL,
    run DATE NOT NULL,
    amount_minor BIGINT NOT NULL,
    state TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_payout PRIMARY KEY (id),
    CONSTRAINT uq_payout_run UNIQUE (person_id, currency, run),
    CONSTRAINT ck_payout_amount CHECK (amount_minor > 0),
    CONSTRAINT ck_payout_state CHECK (state IN ('pending', 'settled', 'returned')),
    CONSTRAINT fk_payout_settlement FOREIGN KEY (person_id, currency, run)
        REFERENCES settlement (person_id, currency, run)
);
CREATE INDEX ix_payout_pending ON payout (created_at, id) WHERE state = 'pending';
