-- What one task per order does, in one call: who it is, whether they may be charged, what they have,
-- the subscription and its first charge. A competent author's work by hand, without Kazna's guards:
-- no ledger-grade checks, no invoice with its chain, no events, no consent evidence.
CREATE SCHEMA IF NOT EXISTS plain;
CREATE TABLE plain.subscriber (
    msisdn text PRIMARY KEY, customer_id uuid NOT NULL UNIQUE, created_at timestamptz NOT NULL
);
CREATE TABLE plain.number_list (list text, msisdn text, PRIMARY KEY (list, msisdn));
CREATE TABLE plain.subscription (
    id uuid PRIMARY KEY, customer_id uuid NOT NULL, operator text NOT NULL, service text NOT NULL,
    status text NOT NULL, amount_minor bigint NOT NULL, currency text NOT NULL,
    event_id text NOT NULL UNIQUE, created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX live ON plain.subscription (customer_id, operator, service)
    WHERE status IN ('created', 'active', 'past_due');
CREATE TABLE plain.charge (
    id uuid PRIMARY KEY, subscription_id uuid NOT NULL REFERENCES plain.subscription (id),
    number integer NOT NULL, status text NOT NULL, amount_minor bigint NOT NULL,
    created_at timestamptz NOT NULL, UNIQUE (subscription_id, number)
);

CREATE FUNCTION plain.take_order(given_event text, given_msisdn text) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    owner uuid;
    new_id uuid := gen_random_uuid();
    charge_id uuid := gen_random_uuid();
BEGIN
    INSERT INTO plain.subscriber VALUES (given_msisdn, gen_random_uuid(), now())
    ON CONFLICT (msisdn) DO NOTHING;
    SELECT customer_id INTO owner FROM plain.subscriber WHERE msisdn = given_msisdn FOR UPDATE;
    PERFORM 1 FROM plain.number_list WHERE msisdn = given_msisdn;
    IF FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM plain.subscription WHERE customer_id = owner AND operator = 'bench'
        AND service = 'tips' AND status IN ('created', 'active', 'past_due');
    IF FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO plain.subscription
    VALUES (new_id, owner, 'bench', 'tips', 'created', 250, 'PKR', given_event, now())
    ON CONFLICT (event_id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO plain.charge VALUES (charge_id, new_id, 1, 'reserved', 250, now());
    RETURN charge_id;
END $$;
