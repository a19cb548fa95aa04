-- What reports of the carrier world select from, under the names they know. Amounts are minor
-- units; ids are the small numbers that messages carry.
CREATE VIEW carrier.operators AS
SELECT wire_id AS code, code AS name, name AS title, country_code::bigint AS country_code,
    country_name, currency, time_zone, requests_per_second AS rps, prefixes AS msisdn_prefix,
    is_active AS enabled, created_at
FROM carrier_operator;

CREATE VIEW carrier.services AS
SELECT service.wire_id AS id, service.code, service.name, service.operator AS operator_name,
    operator.wire_id AS operator_code, price.amount_minor AS price_cents, price.currency,
    (policy ->> 'periodic')::boolean AS periodic, policy -> 'days' AS days,
    (policy ->> 'allowed_from')::integer AS allowed_from,
    (policy ->> 'allowed_to')::integer AS allowed_to,
    (policy ->> 'delay_hours')::integer AS delay_hours,
    (policy ->> 'retry_days')::integer AS retry_days,
    (policy ->> 'paid_hours')::integer AS paid_hours,
    (policy ->> 'trial_days')::integer AS trial_days,
    (policy ->> 'purge_after_days')::integer AS purge_after_days,
    (policy ->> 'inactive_days')::integer AS inactive_days,
    (policy ->> 'grace_days')::integer AS grace_days,
    (policy ->> 'minimal_touch_times')::integer AS minimal_touch_times,
    texts ->> 'on_subscribe' AS sms_on_subscribe, texts ->> 'on_content' AS sms_on_content,
    texts ->> 'on_unsubscribe' AS sms_on_unsubscribe, service.is_active AS enabled,
    service.created_at
FROM carrier_service AS service
JOIN carrier_operator AS operator ON operator.code = service.operator
LEFT JOIN price ON price.plan_id = service.plan_id AND price.archived_at IS NULL
    AND price.currency = operator.currency;

CREATE FUNCTION carrier.result_of(
    status text, state jsonb, is_open boolean, was_paid boolean
) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN status = 'refused' THEN state ->> 'why'
        WHEN status = 'canceled' THEN CASE state ->> 'why'
            WHEN 'purged' THEN 'purged' WHEN 'inactive' THEN 'inactive' ELSE 'canceled' END
        WHEN is_open THEN 'pending'
        WHEN status IN ('past_due', 'expired') THEN 'failed'
        WHEN status IN ('active', 'paused') AND was_paid THEN 'paid'
        ELSE ''
    END
$$;

CREATE VIEW carrier.subscriptions AS
SELECT one.wire_id AS id, ordered.tid, one.created_at AS sent_at, one.created_at,
    carrier.result_of(one.status, one.state, one.charge_since IS NOT NULL,
        tried.last_paid_at IS NOT NULL) AS result,
    one.msisdn, one.operator AS operator_name, operator.wire_id AS operator_code,
    operator.country_code::bigint AS country_code, one.service_code,
    ordered.campaign_code, one.amount_minor AS price, one.currency,
    coalesce(tried.attempts, 0) AS attempts_count, tried.last_pay_attempt_at,
    (one.carrier_terms ->> 'delay_hours')::integer AS delay_hours,
    (one.carrier_terms ->> 'retry_for_days')::integer AS retry_days,
    one.carrier_terms #> '{calendar,days}' AS days,
    (one.carrier_terms #>> '{calendar,allowed_from}')::integer AS allowed_from,
    (one.carrier_terms #>> '{calendar,allowed_to}')::integer AS allowed_to,
    one.renewal = 'automatic' AS periodic, ordered.pixel, ordered.publisher
FROM subscription AS one
JOIN carrier_operator AS operator ON operator.code = one.operator
LEFT JOIN carrier_order AS ordered ON ordered.subscription_id = one.id
LEFT JOIN LATERAL (
    SELECT count(*) AS attempts, max(payment.created_at) AS last_pay_attempt_at,
        max(payment.captured_at) AS last_paid_at
    FROM invoice JOIN payment ON payment.invoice_id = invoice.id
    WHERE invoice.subscription_id = one.id
) AS tried ON true;

-- One row per charge that was decided, per order that was rejected, and per text.
CREATE VIEW carrier.transactions AS
SELECT 'p' || payment.wire_id AS id, payment.created_at AS created_at, ordered.tid,
    numbers.msisdn, payment.provider AS operator_name, one.service_code,
    one.wire_id AS subscription_id, payment.amount_minor AS price, payment.currency,
    payment.external_id AS operator_token, payment.number - 1 AS attempts_count,
    CASE
        WHEN payment.occasion IN ('injection', 'expired') THEN payment.occasion || '_'
        WHEN payment.occasion = 'mo' OR payment.occasion = 'reported' AND payment.number = 1
            THEN ''
        ELSE 'retry_'
    END || CASE WHEN payment.captured_minor IS NOT NULL THEN 'paid' ELSE 'failed' END AS result
FROM payment
JOIN invoice ON invoice.id = payment.invoice_id
JOIN carrier_subscriber AS numbers ON numbers.customer_id = payment.customer_id
LEFT JOIN subscription AS one ON one.id = invoice.subscription_id
LEFT JOIN carrier_order AS ordered ON ordered.subscription_id = one.id
WHERE payment.occasion NOT IN ('checkout', 'saved')
    AND (payment.captured_minor IS NOT NULL OR payment.status IN ('declined', 'refused'))
UNION ALL
SELECT 's' || one.wire_id, one.created_at, ordered.tid, one.msisdn, one.operator,
    one.service_code, one.wire_id, one.amount_minor, one.currency, NULL, 0, 'rejected'
FROM subscription AS one
LEFT JOIN carrier_order AS ordered ON ordered.subscription_id = one.id
WHERE one.operator IS NOT NULL AND one.status = 'refused' AND one.state ->> 'why' = 'rejected'
UNION ALL
SELECT 't' || sms.wire_id, sms.created_at, ordered.tid, sms.msisdn, sms.operator,
    sms.service_code, one.wire_id, 0, one.currency, sms.token, 0, 'sms ' || sms.status
FROM carrier_sms AS sms
JOIN subscription AS one ON one.id = sms.subscription_id
LEFT JOIN carrier_order AS ordered ON ordered.subscription_id = one.id
WHERE sms.status IN ('sent', 'failed');

CREATE VIEW carrier.retries AS
SELECT one.wire_id AS id, one.wire_id AS subscription_id, ordered.tid, one.msisdn,
    one.operator AS operator_name, one.service_code, one.amount_minor AS price, one.currency,
    CASE WHEN one.charge_since IS NULL THEN '' ELSE 'pending' END AS status,
    (one.state ->> 'failures')::integer AS attempts_count,
    (one.state ->> 'since')::timestamptz AS created_at,
    (one.state ->> 'retry_at')::timestamptz AS next_attempt_at,
    (one.carrier_terms ->> 'delay_hours')::integer AS delay_hours,
    (one.carrier_terms ->> 'retry_for_days')::integer AS retry_days
FROM subscription AS one
LEFT JOIN carrier_order AS ordered ON ordered.subscription_id = one.id
WHERE one.operator IS NOT NULL AND one.status = 'past_due';

CREATE VIEW carrier.retries_expired AS
SELECT one.wire_id AS subscription_id, ordered.tid, one.msisdn, one.operator AS operator_name,
    one.service_code, one.amount_minor AS price, one.currency,
    (one.state ->> 'at')::timestamptz AS expired_at
FROM subscription AS one
LEFT JOIN carrier_order AS ordered ON ordered.subscription_id = one.id
WHERE one.operator IS NOT NULL AND one.status = 'expired';

CREATE VIEW carrier.msisdn_blacklist AS
SELECT msisdn, reason, actor, added_at AS created_at
FROM carrier_number_list WHERE list = 'blacklisted';

CREATE VIEW carrier.msisdn_postpaid AS
SELECT msisdn, reason, actor, added_at AS created_at
FROM carrier_number_list WHERE list = 'postpaid';
