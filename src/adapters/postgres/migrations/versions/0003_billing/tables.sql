CREATE TABLE customer (
    id UUID NOT NULL,
    external_id TEXT NOT NULL,
    email TEXT,
    time_zone TEXT NOT NULL,
    locale TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_customer PRIMARY KEY (id),
    CONSTRAINT uq_customer_external_id UNIQUE (external_id)
);

CREATE TABLE feature (
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    entities JSONB NOT NULL,
    CONSTRAINT pk_feature PRIMARY KEY (code)
);

CREATE TABLE plan (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    interval_count INTEGER NOT NULL,
    interval_unit TEXT NOT NULL,
    is_recurring BOOLEAN NOT NULL,
    trial_days INTEGER NOT NULL,
    retry_days JSONB NOT NULL,
    grace_seconds INTEGER NOT NULL,
    features JSONB NOT NULL,
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_plan PRIMARY KEY (id),
    CONSTRAINT ck_plan_interval_count CHECK (interval_count > 0),
    CONSTRAINT ck_plan_interval_unit CHECK (interval_unit IN ('day', 'month', 'year')),
    CONSTRAINT ck_plan_days CHECK (trial_days >= 0 AND grace_seconds >= 0)
);

CREATE TABLE price (
    id UUID NOT NULL,
    plan_id UUID NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    set_by TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    archived_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_price PRIMARY KEY (id),
    CONSTRAINT ck_price_amount CHECK (amount_minor >= 0),
    CONSTRAINT ck_price_currency CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT fk_price_plan_id FOREIGN KEY(plan_id) REFERENCES plan (id)
);

CREATE UNIQUE INDEX uq_price_active ON price (plan_id, currency) WHERE archived_at IS NULL;

CREATE TABLE subscription (
    id UUID NOT NULL,
    wire_id BIGINT GENERATED ALWAYS AS IDENTITY,
    customer_id UUID NOT NULL,
    plan_id UUID NOT NULL,
    price_id UUID NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    interval_count INTEGER NOT NULL,
    interval_unit TEXT NOT NULL,
    anchor_day INTEGER NOT NULL,
    provider TEXT NOT NULL,
    method_id UUID,
    retry_days JSONB NOT NULL,
    grace_seconds INTEGER NOT NULL,
    renewal TEXT NOT NULL,
    source TEXT NOT NULL,
    status TEXT NOT NULL,
    state JSONB NOT NULL,
    period_start TIMESTAMP WITH TIME ZONE,
    period_end TIMESTAMP WITH TIME ZONE,
    charge_invoice_id UUID,
    charge_since TIMESTAMP WITH TIME ZONE,
    renew_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_subscription PRIMARY KEY (id),
    CONSTRAINT uq_subscription_wire_id UNIQUE (wire_id),
    CONSTRAINT ck_subscription_status CHECK (status IN ('created', 'active', 'past_due', 'paused', 'canceled', 'expired', 'refused')),
    CONSTRAINT ck_subscription_renewal CHECK (renewal IN ('automatic', 'manual', 'stopping')),
    CONSTRAINT ck_subscription_period CHECK ((status IN ('active', 'past_due', 'paused')) = (period_end IS NOT NULL)),
    CONSTRAINT ck_subscription_period_order CHECK (period_start < period_end),
    CONSTRAINT ck_subscription_renew_at CHECK (renew_at IS NULL OR (status IN ('active', 'past_due') AND renewal = 'automatic' AND charge_since IS NULL)),
    CONSTRAINT ck_subscription_charge CHECK ((charge_invoice_id IS NULL) = (charge_since IS NULL)),
    CONSTRAINT ck_subscription_anchor_day CHECK (anchor_day BETWEEN 1 AND 31),
    CONSTRAINT fk_subscription_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_subscription_plan_id FOREIGN KEY(plan_id) REFERENCES plan (id),
    CONSTRAINT fk_subscription_price_id FOREIGN KEY(price_id) REFERENCES price (id)
);

CREATE INDEX ix_subscription_customer ON subscription (customer_id, id);

CREATE INDEX ix_subscription_expires_at ON subscription (expires_at, id) WHERE expires_at IS NOT NULL;

CREATE INDEX ix_subscription_renew_at ON subscription (renew_at, id) WHERE renew_at IS NOT NULL;

CREATE UNIQUE INDEX uq_subscription_live ON subscription (customer_id, plan_id) WHERE status IN ('created', 'active', 'past_due', 'paused');

CREATE TABLE subscription_period (
    subscription_id UUID NOT NULL,
    period_start TIMESTAMP WITH TIME ZONE NOT NULL,
    period_end TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL,
    invoice_id UUID,
    payment_id UUID,
    granted_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_subscription_period PRIMARY KEY (subscription_id, period_start),
    CONSTRAINT uq_subscription_period_invoice_id UNIQUE (invoice_id),
    CONSTRAINT uq_subscription_period_payment_id UNIQUE (payment_id),
    CONSTRAINT ck_subscription_period_order CHECK (period_start < period_end),
    CONSTRAINT fk_subscription_period_subscription_id FOREIGN KEY(subscription_id) REFERENCES subscription (id)
);

CREATE TABLE payment_method (
    id UUID NOT NULL,
    customer_id UUID NOT NULL,
    provider TEXT NOT NULL,
    external_id TEXT NOT NULL,
    type TEXT NOT NULL,
    title TEXT NOT NULL,
    last4 TEXT,
    saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    inactive_reason TEXT,
    version INTEGER NOT NULL,
    CONSTRAINT pk_payment_method PRIMARY KEY (id),
    CONSTRAINT uq_payment_method_external UNIQUE (provider, external_id),
    CONSTRAINT fk_payment_method_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);

CREATE INDEX ix_payment_method_customer ON payment_method (customer_id, provider, saved_at) WHERE inactive_reason IS NULL;

CREATE TABLE invoice_counter (
    year INTEGER NOT NULL,
    last BIGINT NOT NULL,
    CONSTRAINT pk_invoice_counter PRIMARY KEY (year)
);

CREATE TABLE invoice (
    id UUID NOT NULL,
    wire_id BIGINT GENERATED ALWAYS AS IDENTITY,
    number TEXT,
    customer_id UUID NOT NULL,
    purpose TEXT NOT NULL,
    subscription_id UUID,
    price_id UUID,
    period_start TIMESTAMP WITH TIME ZONE,
    period_end TIMESTAMP WITH TIME ZONE,
    reference TEXT,
    description TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    state JSONB NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    length INTEGER NOT NULL,
    chain_hash BYTEA NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_invoice PRIMARY KEY (id),
    CONSTRAINT uq_invoice_wire_id UNIQUE (wire_id),
    CONSTRAINT uq_invoice_number UNIQUE (number),
    CONSTRAINT uq_invoice_period UNIQUE (subscription_id, period_start),
    CONSTRAINT ck_invoice_purpose CHECK (purpose IN ('renewal', 'purchase', 'manual')),
    CONSTRAINT ck_invoice_renewal CHECK ((purpose = 'renewal') = (subscription_id IS NOT NULL) AND (subscription_id IS NULL) = (period_start IS NULL)),
    CONSTRAINT ck_invoice_amount CHECK (amount_minor >= 0),
    CONSTRAINT ck_invoice_currency CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_invoice_status CHECK (status IN ('issued', 'processing', 'canceling', 'paid', 'canceled', 'expired', 'refunding', 'partially_refunded', 'refunded', 'review')),
    CONSTRAINT fk_invoice_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);

CREATE INDEX ix_invoice_customer ON invoice (customer_id, id);

CREATE INDEX ix_invoice_due ON invoice (due_at, id) WHERE status = 'issued';

CREATE TABLE invoice_event (
    invoice_id UUID NOT NULL,
    seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    data JSONB NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    correlation_id UUID NOT NULL,
    causation_id UUID,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT pk_invoice_event PRIMARY KEY (invoice_id, seq),
    CONSTRAINT ck_invoice_event_seq CHECK (seq > 0),
    CONSTRAINT fk_invoice_event_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id)
);

CREATE TABLE payment (
    id UUID NOT NULL,
    wire_id BIGINT GENERATED ALWAYS AS IDENTITY,
    invoice_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    provider TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    number INTEGER NOT NULL,
    method_id UUID,
    saves_method BOOLEAN NOT NULL,
    return_url TEXT,
    status TEXT NOT NULL,
    state JSONB NOT NULL,
    external_id TEXT,
    decline_reason TEXT,
    declined_at TIMESTAMP WITH TIME ZONE,
    captured_minor BIGINT,
    captured_at TIMESTAMP WITH TIME ZONE,
    refunded_minor BIGINT DEFAULT 0 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    asked INTEGER NOT NULL,
    next_ask_at TIMESTAMP WITH TIME ZONE,
    version INTEGER NOT NULL,
    CONSTRAINT pk_payment PRIMARY KEY (id),
    CONSTRAINT uq_payment_wire_id UNIQUE (wire_id),
    CONSTRAINT uq_payment_external UNIQUE (provider, external_id),
    CONSTRAINT uq_payment_number UNIQUE (invoice_id, number),
    CONSTRAINT ck_payment_amount CHECK (amount_minor > 0),
    CONSTRAINT ck_payment_status CHECK (status IN ('reserved', 'sent', 'accepted', 'authorized', 'succeeded', 'declined', 'refused', 'unknown', 'canceled', 'expired', 'review', 'partially_refunded', 'refunded', 'disputed')),
    CONSTRAINT ck_payment_captured CHECK ((status IN ('succeeded', 'partially_refunded', 'refunded', 'disputed')) = (captured_minor IS NOT NULL)),
    CONSTRAINT ck_payment_refunded CHECK (refunded_minor BETWEEN 0 AND coalesce(captured_minor, 0)),
    CONSTRAINT fk_payment_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id),
    CONSTRAINT fk_payment_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);

CREATE INDEX ix_payment_customer ON payment (customer_id, id);

CREATE INDEX ix_payment_declines ON payment (method_id, declined_at) WHERE declined_at IS NOT NULL;

CREATE INDEX ix_payment_next_ask_at ON payment (next_ask_at, id) WHERE next_ask_at IS NOT NULL;

CREATE INDEX ix_payment_open_since ON payment (id, created_at) WHERE status IN ('reserved', 'sent', 'accepted', 'authorized', 'unknown', 'review');

CREATE UNIQUE INDEX uq_payment_open ON payment (invoice_id) WHERE status IN ('reserved', 'sent', 'accepted', 'authorized', 'unknown', 'review');

CREATE TABLE refund (
    id UUID NOT NULL,
    payment_id UUID NOT NULL,
    invoice_id UUID NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    reason TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    status TEXT NOT NULL,
    state JSONB NOT NULL,
    external_id TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    asked INTEGER NOT NULL,
    next_ask_at TIMESTAMP WITH TIME ZONE,
    version INTEGER NOT NULL,
    CONSTRAINT pk_refund PRIMARY KEY (id),
    CONSTRAINT ck_refund_amount CHECK (amount_minor > 0),
    CONSTRAINT ck_refund_status CHECK (status IN ('reserved', 'sent', 'pending', 'unknown', 'succeeded', 'declined')),
    CONSTRAINT fk_refund_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT fk_refund_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id)
);

CREATE INDEX ix_refund_external ON refund (external_id);

CREATE INDEX ix_refund_next_ask_at ON refund (next_ask_at, id) WHERE next_ask_at IS NOT NULL;

CREATE INDEX ix_refund_payment ON refund (payment_id);

CREATE TABLE gateway_exchange (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    payment_id UUID NOT NULL,
    provider TEXT NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    external_id TEXT,
    raw JSONB NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_gateway_exchange PRIMARY KEY (id)
);

CREATE INDEX ix_gateway_exchange_payment ON gateway_exchange (payment_id, id);

CREATE TABLE discrepancy (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    provider TEXT NOT NULL,
    external_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    expected TEXT NOT NULL,
    actual TEXT NOT NULL,
    status TEXT DEFAULT 'open' NOT NULL,
    note TEXT,
    found_at TIMESTAMP WITH TIME ZONE NOT NULL,
    resolved_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_discrepancy PRIMARY KEY (id),
    CONSTRAINT uq_discrepancy UNIQUE (provider, external_id, kind),
    CONSTRAINT ck_discrepancy_status CHECK (status IN ('open', 'resolved'))
);

CREATE TABLE job_run (
    id UUID NOT NULL,
    job TEXT NOT NULL,
    business_time TIMESTAMP WITH TIME ZONE NOT NULL,
    dry_run BOOLEAN NOT NULL,
    actor TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    counts JSONB DEFAULT '{}' NOT NULL,
    errors JSONB DEFAULT '[]' NOT NULL,
    error TEXT,
    watermark TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_job_run PRIMARY KEY (id)
);

CREATE INDEX ix_job_run_job ON job_run (job, id);
