-- Paid periods of one subscription never overlap. They are written under the subscription's row
-- lock, so looking at committed and own rows is enough.
CREATE FUNCTION period_overlap_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM subscription_period AS other
        WHERE other.subscription_id = NEW.subscription_id
          AND other.period_start <> NEW.period_start
          AND other.period_start < NEW.period_end
          AND NEW.period_start < other.period_end
    ) THEN
        RAISE EXCEPTION 'periods of subscription % overlap', NEW.subscription_id
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'period_overlap';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER period_overlap AFTER INSERT OR UPDATE ON subscription_period
    FOR EACH ROW EXECUTE FUNCTION period_overlap_refused();

-- The chain of an invoice is only ever lengthened.
CREATE FUNCTION invoice_chain_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the chain of an invoice is append-only'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'invoice_chain';
END $$;

CREATE TRIGGER invoice_chain BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_event
    FOR EACH STATEMENT EXECUTE FUNCTION invoice_chain_kept();
