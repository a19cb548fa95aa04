ALTER TABLE carrier_subscriber
    DROP CONSTRAINT uq_carrier_subscriber_customer_id,
    ADD CONSTRAINT uq_carrier_subscriber_customer_id UNIQUE (customer_id);
DROP TABLE carrier_broadcast;
