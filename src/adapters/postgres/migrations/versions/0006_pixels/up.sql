CREATE TABLE carrier_publisher (
    name TEXT NOT NULL,
    pattern TEXT NOT NULL,
    place INTEGER NOT NULL,
    CONSTRAINT pk_carrier_publisher PRIMARY KEY (name)
);

CREATE TABLE carrier_pixel_setting (
    id UUID NOT NULL,
    wire_id BIGINT GENERATED ALWAYS AS IDENTITY,
    campaign_code TEXT,
    operator TEXT,
    publisher TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    timeout_seconds NUMERIC NOT NULL,
    ratio INTEGER NOT NULL,
    is_enabled BOOLEAN NOT NULL,
    counted BIGINT DEFAULT 0 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_carrier_pixel_setting PRIMARY KEY (id),
    CONSTRAINT uq_carrier_pixel_setting_wire_id UNIQUE (wire_id),
    CONSTRAINT uq_carrier_pixel_setting_place
        UNIQUE NULLS NOT DISTINCT (campaign_code, operator, publisher),
    CONSTRAINT ck_carrier_pixel_setting_place CHECK (campaign_code IS NOT NULL OR operator IS NOT NULL),
    CONSTRAINT ck_carrier_pixel_setting_ratio CHECK (ratio > 0),
    CONSTRAINT fk_carrier_pixel_setting_campaign_code
        FOREIGN KEY(campaign_code) REFERENCES carrier_campaign (code),
    CONSTRAINT fk_carrier_pixel_setting_operator FOREIGN KEY(operator) REFERENCES carrier_operator (code)
);

CREATE TABLE carrier_pixel (
    id UUID NOT NULL,
    wire_id BIGINT GENERATED ALWAYS AS IDENTITY,
    subscription_id UUID NOT NULL,
    operator TEXT NOT NULL,
    campaign_code TEXT,
    pixel TEXT NOT NULL,
    publisher TEXT,
    paid BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    setting_id UUID,
    url TEXT,
    timeout_seconds NUMERIC,
    why TEXT,
    response_code INTEGER,
    took_ms INTEGER,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_carrier_pixel PRIMARY KEY (id),
    CONSTRAINT uq_carrier_pixel_wire_id UNIQUE (wire_id),
    CONSTRAINT uq_carrier_pixel_subscription_id UNIQUE (subscription_id),
    CONSTRAINT ck_carrier_pixel_status CHECK (status IN ('queued', 'chosen', 'skipped', 'sent')),
    CONSTRAINT fk_carrier_pixel_subscription_id FOREIGN KEY(subscription_id) REFERENCES subscription (id)
);
CREATE INDEX ix_carrier_pixel_unsent ON carrier_pixel (created_at, id) WHERE status = 'chosen';

CREATE TABLE carrier_click (
    id UUID NOT NULL,
    operator TEXT NOT NULL,
    campaign_code TEXT NOT NULL,
    pixel TEXT NOT NULL,
    publisher TEXT,
    tid TEXT,
    msisdn TEXT,
    operator_token TEXT,
    clicked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    subscription_id UUID,
    CONSTRAINT pk_carrier_click PRIMARY KEY (id),
    CONSTRAINT uq_carrier_click_pixel UNIQUE (campaign_code, pixel),
    CONSTRAINT uq_carrier_click_subscription_id UNIQUE (subscription_id),
    CONSTRAINT fk_carrier_click_campaign_code FOREIGN KEY(campaign_code) REFERENCES carrier_campaign (code)
);
CREATE INDEX ix_carrier_click_free ON carrier_click (operator, clicked_at)
    WHERE subscription_id IS NULL;
CREATE INDEX ix_carrier_click_msisdn ON carrier_click (msisdn) WHERE msisdn IS NOT NULL;
CREATE INDEX ix_carrier_click_tid ON carrier_click (tid) WHERE tid IS NOT NULL;
CREATE INDEX ix_carrier_click_operator_token ON carrier_click (operator_token)
    WHERE operator_token IS NOT NULL;
CREATE INDEX ix_carrier_click_received_at ON carrier_click (received_at);

CREATE VIEW carrier.publishers AS
SELECT name, pattern AS regex FROM carrier_publisher ORDER BY place, name;

CREATE VIEW carrier.pixel_settings AS
SELECT setting.wire_id AS id, setting.campaign_code, setting.operator AS operator_name,
    operator.wire_id AS operator_code, setting.publisher, setting.endpoint,
    setting.timeout_seconds AS timeout, setting.is_enabled AS enabled, setting.ratio,
    setting.created_at
FROM carrier_pixel_setting AS setting
LEFT JOIN carrier_operator AS operator ON operator.code = setting.operator;

CREATE VIEW carrier.pixel_transactions AS
SELECT one.wire_id AS id, ordered.tid, subscription.msisdn, one.campaign_code,
    one.operator AS operator_name, one.pixel, one.publisher, one.url AS endpoint,
    one.status, one.why, one.response_code, one.took_ms, one.created_at, one.decided_at AS sent_at
FROM carrier_pixel AS one
JOIN subscription ON subscription.id = one.subscription_id
LEFT JOIN carrier_order AS ordered ON ordered.subscription_id = one.subscription_id;

CREATE VIEW carrier.pixel_buffer AS
SELECT campaign_code, operator AS operator_name, pixel, publisher, tid, clicked_at AS sent_at
FROM carrier_click WHERE subscription_id IS NULL;
