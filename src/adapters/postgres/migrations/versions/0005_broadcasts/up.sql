CREATE TABLE carrier_broadcast (
    service_id UUID NOT NULL,
    day DATE NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    token TEXT,
    error TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_carrier_broadcast PRIMARY KEY (service_id, day),
    CONSTRAINT ck_carrier_broadcast_status CHECK (
        status IN ('planned', 'queued', 'sent', 'taken', 'rejected', 'unknown')
    ),
    CONSTRAINT fk_carrier_broadcast_service_id FOREIGN KEY(service_id) REFERENCES carrier_service (id)
);
CREATE INDEX ix_carrier_broadcast_day ON carrier_broadcast (day, service_id);

-- Two numbers change payers in one statement.
ALTER TABLE carrier_subscriber
    DROP CONSTRAINT uq_carrier_subscriber_customer_id,
    ADD CONSTRAINT uq_carrier_subscriber_customer_id UNIQUE (customer_id) DEFERRABLE;
