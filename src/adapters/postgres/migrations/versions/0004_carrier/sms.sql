CREATE TABLE carrier_sms (
    id UUID NOT NULL,
    wire_id BIGINT GENERATED ALWAYS AS IDENTITY,
    subscription_id UUID NOT NULL,
    operator TEXT NOT NULL,
    msisdn TEXT NOT NULL,
    service_code TEXT NOT NULL,
    occasion TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    token TEXT,
    error TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_carrier_sms PRIMARY KEY (id),
    CONSTRAINT uq_carrier_sms_wire_id UNIQUE (wire_id),
    CONSTRAINT uq_carrier_sms_once UNIQUE (subscription_id, occasion, key),
    CONSTRAINT ck_carrier_sms_status CHECK (status IN ('queued', 'sent', 'failed', 'unknown')),
    CONSTRAINT fk_carrier_sms_subscription_id FOREIGN KEY(subscription_id) REFERENCES subscription (id)
);

CREATE TABLE carrier_content_link (
    token_hash BYTEA NOT NULL,
    subscription_id UUID NOT NULL,
    key TEXT NOT NULL,
    url TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_carrier_content_link PRIMARY KEY (token_hash),
    CONSTRAINT uq_carrier_content_link_once UNIQUE (subscription_id, key),
    CONSTRAINT fk_carrier_content_link_subscription_id FOREIGN KEY(subscription_id) REFERENCES subscription (id)
);
