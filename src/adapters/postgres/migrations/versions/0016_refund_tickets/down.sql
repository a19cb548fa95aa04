ALTER TABLE refund DROP COLUMN receipt;
ALTER TABLE payment DROP COLUMN receipt;
DROP TABLE captcha_pass;
DROP TABLE captcha_challenge;
DROP TABLE refund_ticket;
