-- One row per payout. A pending one without a next try is carried by a message.
CREATE TABLE notification (
    kind TEXT NOT NULL,
    payout_id UUID NOT NULL,
    person_id UUID NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    opening_carry_minor BIGINT NOT NULL,
    period_net_minor BIGINT NOT NULL,
    run_date DATE NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    first_try_at TIMESTAMP WITH TIME ZONE,
    next_try_at TIMESTAMP WITH TIME ZONE,
    sent_at TIMESTAMP WITH TIME ZONE,
    failed_at TIMESTAMP WITH TIME ZONE,
    message_id TEXT,
    reason TEXT,
    last_error TEXT,
    CONSTRAINT pk_notification PRIMARY KEY (kind, payout_id),
    CONSTRAINT ck_notification_kind CHECK (kind IN ('payout')),
    CONSTRAINT ck_notification_state CHECK (state IN ('pending', 'sent', 'failed')),
    CONSTRAINT ck_notification_amount CHECK (amount_minor > 0),
    CONSTRAINT ck_notification_attempts CHECK (attempts >= 0),
    CONSTRAINT ck_notification_waits CHECK (next_try_at IS NULL OR state = 'pending'),
    CONSTRAINT ck_notification_sent CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT ck_notification_message_id CHECK ((state = 'sent') = (message_id IS NOT NULL)),
    CONSTRAINT ck_notification_failed CHECK ((state = 'failed') = (failed_at IS NOT NULL)),
    CONSTRAINT ck_notification_reason CHECK ((state = 'failed') = (reason IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX ix_notification_due ON notification (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX ix_notification_failed_at ON notification (failed_at) WHERE state = 'failed';
CREATE INDEX ix_notification_listed ON notification (created_at, payout_id);
CREATE INDEX ix_notification_state ON notification (state, created_at, payout_id);
