DROP TABLE promotion_person;
DROP TABLE promotion;
DROP INDEX ix_price_migrates;
ALTER TABLE price DROP COLUMN migrates, DROP COLUMN valid_from;
ALTER TABLE subscription_period DROP CONSTRAINT ck_subscription_period_worth, DROP COLUMN worth_minor;
DROP INDEX ix_subscription_paused;
ALTER TABLE subscription DROP COLUMN plan_change;
