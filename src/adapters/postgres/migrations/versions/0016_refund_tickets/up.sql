-- Who wants how much of a payment back, and what people made of it.
CREATE TABLE refund_ticket (
    id UUID NOT NULL,
    payment_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    reason TEXT NOT NULL,
    text TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    status TEXT NOT NULL,
    state JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_refund_ticket PRIMARY KEY (id),
    CONSTRAINT fk_refund_ticket_payment_id_payment FOREIGN KEY (payment_id) REFERENCES payment (id),
    CONSTRAINT fk_refund_ticket_customer_id_customer FOREIGN KEY (customer_id) REFERENCES customer (id),
    CONSTRAINT ck_refund_ticket_amount CHECK (amount_minor > 0),
    CONSTRAINT ck_refund_ticket_status CHECK (
        status IN ('open', 'awaiting_second', 'approved', 'rejected', 'refunded', 'failed')
    ),
    CONSTRAINT ck_refund_ticket_four_eyes CHECK (
        split_part(state #>> '{approval,second}', ':', 2)
        <> split_part(state #>> '{approval,by}', ':', 2)
    )
);
CREATE UNIQUE INDEX uq_refund_ticket_open ON refund_ticket (payment_id)
    WHERE status IN ('open', 'awaiting_second', 'approved');
CREATE INDEX ix_refund_ticket_payment ON refund_ticket (payment_id);
CREATE INDEX ix_refund_ticket_customer ON refund_ticket (customer_id, id);
CREATE INDEX ix_refund_ticket_status ON refund_ticket (status, id);

-- Captcha: challenges that were put, for the count of an address, and passes not used yet.
CREATE TABLE captcha_challenge (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    purpose TEXT NOT NULL,
    address_code BYTEA NOT NULL,
    answer_code BYTEA,
    tries SMALLINT DEFAULT 0 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    solved_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_captcha_challenge PRIMARY KEY (id),
    CONSTRAINT ck_captcha_challenge_tries CHECK (tries >= 0)
);
CREATE INDEX ix_captcha_challenge_address ON captcha_challenge (address_code, created_at);
CREATE INDEX ix_captcha_challenge_created_at ON captcha_challenge (created_at);
CREATE TABLE captcha_pass (
    token_hash BYTEA NOT NULL,
    purpose TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_captcha_pass PRIMARY KEY (token_hash)
);
CREATE INDEX ix_captcha_pass_expires_at ON captcha_pass (expires_at);

-- Fiscal receipts, as they went out with the payment and the refund.
ALTER TABLE payment ADD COLUMN receipt JSONB;
ALTER TABLE refund ADD COLUMN receipt JSONB;
