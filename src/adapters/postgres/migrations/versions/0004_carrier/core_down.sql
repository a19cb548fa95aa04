DROP SCHEMA carrier;
DROP TABLE carrier_unresolved;
DROP TABLE carrier_order;
DROP TABLE carrier_number_list;
DROP TABLE carrier_subscriber;
DROP TABLE carrier_campaign;
DROP TABLE carrier_service;
DROP TABLE carrier_operator;
ALTER TABLE subscription DROP CONSTRAINT fk_subscription_method_owner;
ALTER TABLE payment DROP CONSTRAINT fk_payment_method_owner, DROP COLUMN occasion;
ALTER TABLE payment_method DROP CONSTRAINT uq_payment_method_owner;
DROP INDEX ix_subscription_renew_at, ix_subscription_number_due, ix_subscription_msisdn;
CREATE INDEX ix_subscription_renew_at ON subscription (renew_at, id) WHERE renew_at IS NOT NULL;
ALTER TABLE subscription
    DROP CONSTRAINT ck_subscription_carrier,
    DROP CONSTRAINT ck_subscription_period,
    DROP CONSTRAINT ck_subscription_renew_at,
    DROP COLUMN operator,
    DROP COLUMN msisdn,
    DROP COLUMN service_code,
    DROP COLUMN carrier_terms,
    DROP COLUMN not_before,
    ADD CONSTRAINT ck_subscription_period CHECK (
        (status IN ('active', 'past_due', 'paused')) = (period_end IS NOT NULL)
    ),
    ADD CONSTRAINT ck_subscription_renew_at CHECK (
        renew_at IS NULL
        OR (status IN ('active', 'past_due') AND renewal = 'automatic' AND charge_since IS NULL)
    );
