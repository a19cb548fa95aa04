-- Where a reader of the feed stopped, moved in the transaction of what it made of what it read.
CREATE TABLE feed_cursor (
    reader TEXT NOT NULL,
    transaction BIGINT NOT NULL,
    position BIGINT NOT NULL,
    as_of TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_feed_cursor PRIMARY KEY (reader)
) WITH (fillfactor = 50);

-- Operations that were counted, so that one told twice counts once, and so that the dearest task of
-- a day can be found anew when a reward is taken back.
CREATE TABLE told_operation (
    operation_id UUID NOT NULL,
    kind TEXT NOT NULL,
    reverses_kind TEXT,
    task_id UUID,
    currency TEXT NOT NULL,
    day DATE NOT NULL,
    amount_minor BIGINT NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_told_operation PRIMARY KEY (operation_id)
);
CREATE INDEX ix_told_operation_dearest
    ON told_operation (currency, day, amount_minor DESC, occurred_at, task_id)
    WHERE kind = 'TASK_REWARD';
CREATE INDEX ix_told_operation_task ON told_operation (task_id)
    WHERE kind = 'TASK_REWARD' OR reverses_kind = 'TASK_REWARD';

CREATE TABLE company_day (
    dated TEXT NOT NULL,
    day DATE NOT NULL,
    currency TEXT NOT NULL,
    fees_minor BIGINT NOT NULL,
    rewards_minor BIGINT NOT NULL,
    adjustments_minor BIGINT NOT NULL,
    CONSTRAINT pk_company_day PRIMARY KEY (dated, day, currency),
    CONSTRAINT ck_company_day_dated CHECK (dated IN ('value', 'posting'))
) WITH (fillfactor = 80);

CREATE TABLE person_day (
    person_id UUID NOT NULL,
    currency TEXT NOT NULL,
    day DATE NOT NULL,
    net_minor BIGINT NOT NULL,
    CONSTRAINT pk_person_day PRIMARY KEY (person_id, currency, day)
) WITH (fillfactor = 80);
CREATE INDEX ix_person_day_red ON person_day (day, person_id) WHERE net_minor < 0;

CREATE TABLE person_balance (
    person_id UUID NOT NULL,
    currency TEXT NOT NULL,
    balance_minor BIGINT NOT NULL,
    wallet_seq BIGINT NOT NULL,
    CONSTRAINT pk_person_balance PRIMARY KEY (person_id, currency)
) WITH (fillfactor = 80);
CREATE INDEX ix_person_balance_red ON person_balance (balance_minor, person_id, currency)
    WHERE balance_minor < 0;

CREATE TABLE top_task_day (
    currency TEXT NOT NULL,
    day DATE NOT NULL,
    price_minor BIGINT NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    task_id UUID NOT NULL,
    CONSTRAINT pk_top_task_day PRIMARY KEY (currency, day)
);

-- How many people were in the red when a day was closed.
CREATE TABLE red_day (
    day DATE NOT NULL,
    people INTEGER NOT NULL,
    CONSTRAINT pk_red_day PRIMARY KEY (day)
);

CREATE INDEX ix_subscription_running ON subscription (currency, id)
    WHERE status IN ('active', 'past_due');
CREATE INDEX ix_subscription_created_at ON subscription (created_at);
CREATE INDEX ix_subscription_ended_at ON subscription ((state ->> 'at'))
    WHERE status IN ('canceled', 'expired');
