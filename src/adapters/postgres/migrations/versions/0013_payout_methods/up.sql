CREATE TABLE payout_destination (
    person_id UUID NOT NULL,
    account TEXT NOT NULL,
    set_at TIMESTAMP WITH TIME ZONE NOT NULL,
    set_by TEXT NOT NULL,
    CONSTRAINT pk_payout_destination PRIMARY KEY (person_id),
    CONSTRAINT ck_payout_destination_account CHECK (account ~ '^[0-9]{11,33}$')
);

-- Where a payout goes is written down with it: what is asked again must be what was asked first.
ALTER TABLE payout
    ADD COLUMN method TEXT NOT NULL DEFAULT 'ledger',
    ADD COLUMN account TEXT,
    ADD COLUMN sent_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN reference TEXT,
    ADD COLUMN why TEXT,
    ADD CONSTRAINT ck_payout_decided CHECK ((state = 'pending') = (decided_at IS NULL)),
    ADD CONSTRAINT ck_payout_account CHECK (method = 'ledger' OR account IS NOT NULL),
    ADD CONSTRAINT ck_payout_why CHECK ((state = 'returned') = (why IS NOT NULL));

-- Settled or returned, and never the one after the other, whoever writes.
CREATE FUNCTION refuse_second_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payout % is % already', OLD.id, OLD.state USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER payout_is_decided_once BEFORE UPDATE OF state ON payout
    FOR EACH ROW WHEN (OLD.state <> 'pending' AND NEW.state <> OLD.state)
    EXECUTE FUNCTION refuse_second_decision();
