-- An agreement that waits for its time: another plan, or another price of the same one.
ALTER TABLE subscription ADD COLUMN plan_change JSONB;

-- Pauses are ended by the minute; only those that are due are looked at.
CREATE INDEX ix_subscription_paused ON subscription (expires_at, id) WHERE status = 'paused';

-- What was paid for a period, in money and in credit of another plan.
ALTER TABLE subscription_period
    ADD COLUMN worth_minor BIGINT NOT NULL DEFAULT 0,
    ADD CONSTRAINT ck_subscription_period_worth CHECK (worth_minor >= 0);
UPDATE subscription_period SET worth_minor = invoice.amount_minor
    FROM invoice WHERE invoice.id = subscription_period.invoice_id;

-- A price may begin in the future; its predecessor is archived from that moment on.
ALTER TABLE price ADD COLUMN valid_from TIMESTAMP WITH TIME ZONE,
    ADD COLUMN migrates BOOLEAN NOT NULL DEFAULT false;
UPDATE price SET valid_from = created_at;
ALTER TABLE price ALTER COLUMN valid_from SET NOT NULL;
CREATE INDEX ix_price_migrates ON price (plan_id, currency, valid_from) WHERE migrates;

-- A promotion: free days for a list of people, each of whom gets an answer of their own.
CREATE TABLE promotion (
    id UUID NOT NULL,
    price_id UUID NOT NULL,
    provider TEXT NOT NULL,
    days INTEGER NOT NULL,
    reason TEXT NOT NULL,
    issued_by TEXT NOT NULL,
    correlation_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_promotion PRIMARY KEY (id),
    CONSTRAINT fk_promotion_price_id FOREIGN KEY(price_id) REFERENCES price (id),
    CONSTRAINT ck_promotion_days CHECK (days > 0)
);
CREATE TABLE promotion_person (
    promotion_id UUID NOT NULL,
    external_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    result TEXT NOT NULL,
    subscription_id UUID,
    detail TEXT,
    CONSTRAINT pk_promotion_person PRIMARY KEY (promotion_id, external_id),
    CONSTRAINT uq_promotion_person_place UNIQUE (promotion_id, place),
    CONSTRAINT fk_promotion_person_promotion_id FOREIGN KEY(promotion_id) REFERENCES promotion (id),
    CONSTRAINT ck_promotion_person_result CHECK (
        result IN ('waiting', 'issued', 'already_has', 'unknown', 'invalid')
    ),
    CONSTRAINT ck_promotion_person_issued CHECK ((result = 'issued') <= (subscription_id IS NOT NULL))
);
