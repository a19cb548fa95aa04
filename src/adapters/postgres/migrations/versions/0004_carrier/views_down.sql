DROP VIEW carrier.msisdn_postpaid, carrier.msisdn_blacklist, carrier.retries_expired,
    carrier.retries, carrier.transactions, carrier.subscriptions, carrier.services,
    carrier.operators;
DROP FUNCTION carrier.result_of(text, jsonb, boolean, boolean);
