-- Who is told of events. `listens_since` is machine time: what was recorded before is not told.
CREATE TABLE webhook_endpoint (
    id UUID NOT NULL,
    url TEXT NOT NULL,
    events TEXT[] NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL,
    failing_since TIMESTAMP WITH TIME ZONE,
    disabled_at TIMESTAMP WITH TIME ZONE,
    disabled_why TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    listens_since TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    CONSTRAINT pk_webhook_endpoint PRIMARY KEY (id),
    CONSTRAINT ck_webhook_endpoint_status CHECK (status IN ('enabled', 'disabled')),
    CONSTRAINT ck_webhook_endpoint_disabled CHECK (
        (status = 'disabled') = (disabled_at IS NOT NULL)
        AND (disabled_at IS NULL) = (disabled_why IS NULL)
        AND (failing_since IS NULL OR status = 'enabled'))
) WITH (fillfactor = 70);

-- What deliveries are signed with, sealed; an old one signs beside the new one until it ends.
CREATE TABLE webhook_secret (
    id UUID NOT NULL,
    endpoint_id UUID NOT NULL,
    sealed TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_webhook_secret PRIMARY KEY (id),
    CONSTRAINT fk_webhook_secret_endpoint_id FOREIGN KEY (endpoint_id)
        REFERENCES webhook_endpoint (id)
);
CREATE INDEX ix_webhook_secret_endpoint_id ON webhook_secret (endpoint_id);
CREATE UNIQUE INDEX uq_webhook_secret_current ON webhook_secret (endpoint_id)
    WHERE expires_at IS NULL;

-- One event told to one endpoint: once. `transaction` and `position` are its place in the feed, and
-- with `recorded_at` lead to the event itself.
CREATE TABLE webhook_delivery (
    id UUID NOT NULL,
    endpoint_id UUID NOT NULL,
    event_id UUID NOT NULL,
    event_name TEXT NOT NULL,
    aggregate_id UUID NOT NULL,
    transaction BIGINT NOT NULL,
    position BIGINT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    status TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try_at TIMESTAMP WITH TIME ZONE,
    last_try_at TIMESTAMP WITH TIME ZONE,
    last_code INTEGER,
    last_ms INTEGER,
    last_answer TEXT,
    why TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    kept_since TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    CONSTRAINT pk_webhook_delivery PRIMARY KEY (id),
    CONSTRAINT uq_webhook_delivery_endpoint_id_event_id UNIQUE (endpoint_id, event_id),
    CONSTRAINT fk_webhook_delivery_endpoint_id FOREIGN KEY (endpoint_id)
        REFERENCES webhook_endpoint (id),
    CONSTRAINT ck_webhook_delivery_status CHECK (
        status IN ('queued', 'waiting', 'held', 'delivered', 'failed')),
    CONSTRAINT ck_webhook_delivery_waiting CHECK (
        (status = 'waiting') = (next_try_at IS NOT NULL)),
    CONSTRAINT ck_webhook_delivery_settled CHECK (
        (status IN ('delivered', 'failed')) = (settled_at IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX ix_webhook_delivery_due ON webhook_delivery (next_try_at) WHERE status = 'waiting';
CREATE INDEX ix_webhook_delivery_open
    ON webhook_delivery (endpoint_id, aggregate_id, transaction, position)
    WHERE status IN ('queued', 'waiting', 'held');
CREATE INDEX ix_webhook_delivery_failed ON webhook_delivery (endpoint_id, created_at)
    WHERE status = 'failed';
CREATE INDEX ix_webhook_delivery_endpoint_id_id ON webhook_delivery (endpoint_id, id);
CREATE INDEX ix_webhook_delivery_settled ON webhook_delivery (kept_since)
    WHERE status IN ('delivered', 'failed');
