-- The number's side of a subscription: what cards have no use for stays empty for them.
ALTER TABLE subscription
    ADD COLUMN operator text,
    ADD COLUMN msisdn text,
    ADD COLUMN service_code text,
    ADD COLUMN carrier_terms jsonb,
    ADD COLUMN not_before timestamptz,
    DROP CONSTRAINT ck_subscription_period,
    DROP CONSTRAINT ck_subscription_renew_at,
    ADD CONSTRAINT ck_subscription_period CHECK (
        (status IN ('active', 'past_due', 'paused')) = (period_end IS NOT NULL)
        OR (status = 'past_due' AND operator IS NOT NULL)
    ),
    ADD CONSTRAINT ck_subscription_renew_at CHECK (
        renew_at IS NULL OR (status IN ('active', 'past_due') AND charge_since IS NULL
            AND (renewal = 'automatic' OR (operator IS NOT NULL AND status = 'past_due')))
    ),
    ADD CONSTRAINT ck_subscription_carrier CHECK (
        (operator IS NULL) = (msisdn IS NULL) AND (operator IS NULL) = (service_code IS NULL)
        AND (operator IS NULL) = (carrier_terms IS NULL)
    );

DROP INDEX ix_subscription_renew_at;
CREATE INDEX ix_subscription_renew_at ON subscription (renew_at, id)
    WHERE renew_at IS NOT NULL AND operator IS NULL;
CREATE INDEX ix_subscription_number_due ON subscription (operator, status, renew_at, id)
    WHERE renew_at IS NOT NULL AND operator IS NOT NULL;
CREATE INDEX ix_subscription_msisdn ON subscription (msisdn, id) WHERE msisdn IS NOT NULL;

ALTER TABLE payment
    ADD COLUMN occasion text NOT NULL DEFAULT 'saved',
    ADD CONSTRAINT ck_payment_occasion CHECK (occasion IN (
        'checkout', 'saved', 'mo', 'periodic', 'retry', 'injection', 'expired', 'reported'
    ));
UPDATE payment SET occasion = 'checkout' WHERE method_id IS NULL;

-- What a method is charged for carries its owner along: nobody pays with another's card.
ALTER TABLE payment_method ADD CONSTRAINT uq_payment_method_owner UNIQUE (id, customer_id);
ALTER TABLE payment ADD CONSTRAINT fk_payment_method_owner
    FOREIGN KEY (method_id, customer_id) REFERENCES payment_method (id, customer_id);
ALTER TABLE subscription ADD CONSTRAINT fk_subscription_method_owner
    FOREIGN KEY (method_id, customer_id) REFERENCES payment_method (id, customer_id);

CREATE TABLE carrier_operator (
    code TEXT NOT NULL,
    wire_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    country_code TEXT NOT NULL,
    country_name TEXT NOT NULL,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    prefixes JSONB NOT NULL,
    protocol TEXT NOT NULL,
    base_url TEXT NOT NULL,
    timeout_seconds NUMERIC NOT NULL,
    requests_per_second NUMERIC NOT NULL,
    burst INTEGER NOT NULL,
    queue_free_size INTEGER NOT NULL,
    caps JSONB NOT NULL,
    options JSONB NOT NULL,
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_carrier_operator PRIMARY KEY (code),
    CONSTRAINT uq_carrier_operator_wire_id UNIQUE (wire_id),
    CONSTRAINT ck_carrier_operator_code CHECK (code ~ '^[a-z][a-z0-9_]{0,31}$'),
    CONSTRAINT ck_carrier_operator_currency CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_carrier_operator_throttle CHECK (requests_per_second > 0 AND burst > 0)
);

CREATE TABLE carrier_service (
    id UUID NOT NULL,
    wire_id BIGINT GENERATED ALWAYS AS IDENTITY,
    operator TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    plan_id UUID NOT NULL,
    policy JSONB NOT NULL,
    texts JSONB NOT NULL,
    content_url TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_carrier_service PRIMARY KEY (id),
    CONSTRAINT uq_carrier_service_wire_id UNIQUE (wire_id),
    CONSTRAINT uq_carrier_service_code UNIQUE (operator, code),
    CONSTRAINT fk_carrier_service_operator FOREIGN KEY(operator) REFERENCES carrier_operator (code),
    CONSTRAINT fk_carrier_service_plan_id FOREIGN KEY(plan_id) REFERENCES plan (id)
);

CREATE TABLE carrier_campaign (
    code TEXT NOT NULL,
    wire_id BIGINT GENERATED ALWAYS AS IDENTITY,
    service_id UUID NOT NULL,
    operator TEXT NOT NULL,
    keyword TEXT,
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_carrier_campaign PRIMARY KEY (code),
    CONSTRAINT uq_carrier_campaign_wire_id UNIQUE (wire_id),
    CONSTRAINT uq_carrier_campaign_keyword UNIQUE (operator, keyword),
    CONSTRAINT fk_carrier_campaign_service_id FOREIGN KEY(service_id) REFERENCES carrier_service (id)
);

CREATE TABLE carrier_subscriber (
    msisdn TEXT NOT NULL,
    customer_id UUID NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_carrier_subscriber PRIMARY KEY (msisdn),
    CONSTRAINT uq_carrier_subscriber_customer_id UNIQUE (customer_id),
    CONSTRAINT ck_carrier_subscriber_msisdn CHECK (msisdn ~ '^[1-9][0-9]{4,14}$'),
    CONSTRAINT fk_carrier_subscriber_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);

CREATE TABLE carrier_number_list (
    list TEXT NOT NULL,
    msisdn TEXT NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_carrier_number_list PRIMARY KEY (list, msisdn),
    CONSTRAINT ck_carrier_number_list_list CHECK (list IN ('blacklisted', 'postpaid'))
);

CREATE TABLE carrier_order (
    id UUID NOT NULL,
    operator TEXT NOT NULL,
    event_id TEXT NOT NULL,
    tid TEXT NOT NULL,
    msisdn TEXT NOT NULL,
    service_id UUID NOT NULL,
    campaign_code TEXT,
    subscription_id UUID NOT NULL,
    consent JSONB NOT NULL,
    pixel TEXT,
    publisher TEXT,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_carrier_order PRIMARY KEY (id),
    CONSTRAINT uq_carrier_order_event UNIQUE (operator, event_id),
    CONSTRAINT uq_carrier_order_subscription_id UNIQUE (subscription_id),
    CONSTRAINT fk_carrier_order_service_id FOREIGN KEY(service_id) REFERENCES carrier_service (id),
    CONSTRAINT fk_carrier_order_subscription_id FOREIGN KEY(subscription_id) REFERENCES subscription (id)
);

CREATE INDEX ix_carrier_order_msisdn ON carrier_order (msisdn, received_at);

CREATE TABLE carrier_unresolved (
    id UUID NOT NULL,
    operator TEXT NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    msisdn TEXT,
    report JSONB NOT NULL,
    why TEXT NOT NULL,
    candidates JSONB NOT NULL,
    status TEXT NOT NULL,
    note TEXT,
    resolved_by TEXT,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    resolved_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_carrier_unresolved PRIMARY KEY (id),
    CONSTRAINT uq_carrier_unresolved_event UNIQUE (operator, event_id),
    CONSTRAINT ck_carrier_unresolved_status CHECK (status IN ('open', 'assigned', 'dismissed'))
);

CREATE INDEX ix_carrier_unresolved_open ON carrier_unresolved (received_at, id) WHERE status = 'open';

CREATE SCHEMA carrier;
