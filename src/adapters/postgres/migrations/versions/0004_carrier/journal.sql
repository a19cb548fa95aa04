CREATE TABLE carrier_operator_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    written_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    operator TEXT NOT NULL,
    kind TEXT NOT NULL,
    msisdn TEXT,
    token TEXT NOT NULL,
    code TEXT NOT NULL,
    decision TEXT NOT NULL,
    request TEXT NOT NULL,
    response TEXT NOT NULL,
    http_status INTEGER,
    attempt_id UUID,
    subscription_id UUID,
    CONSTRAINT pk_carrier_operator_log PRIMARY KEY (written_at, id)
)
 PARTITION BY RANGE (written_at);

CREATE INDEX ix_carrier_operator_log_attempt ON carrier_operator_log (attempt_id) WHERE attempt_id IS NOT NULL;

CREATE TABLE carrier_operator_log_default PARTITION OF carrier_operator_log DEFAULT;

-- Months ahead of time, as for events; a month whose rows are in the default partition is skipped.
CREATE FUNCTION make_operator_log_partitions(months_ahead integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    month date;
    made integer := 0;
    partition text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('make_operator_log_partitions'));
    FOR ahead IN 0..months_ahead LOOP
        month := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead);
        partition := 'carrier_operator_log_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass(partition) IS NOT NULL;
        CONTINUE WHEN EXISTS (
            SELECT FROM carrier_operator_log_default
            WHERE written_at >= month::timestamp AT TIME ZONE 'UTC'
              AND written_at < (month + interval '1 month') AT TIME ZONE 'UTC');
        EXECUTE format('CREATE TABLE %I PARTITION OF carrier_operator_log '
            'FOR VALUES FROM (%L) TO (%L)', partition,
            month::timestamp AT TIME ZONE 'UTC',
            (month + interval '1 month') AT TIME ZONE 'UTC');
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

-- The log is evidence for a while and a burden after that: whole months go at once.
CREATE FUNCTION drop_operator_log_before(day date) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    partition text;
    dropped integer := 0;
BEGIN
    FOR partition IN
        SELECT relname FROM pg_class
        WHERE relname ~ '^carrier_operator_log_[0-9]{4}_[0-9]{2}$' AND relkind = 'r'
          AND relname < 'carrier_operator_log_' || to_char(day, 'YYYY_MM')
    LOOP
        EXECUTE format('DROP TABLE %I', partition);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;

SELECT make_operator_log_partitions(3);
