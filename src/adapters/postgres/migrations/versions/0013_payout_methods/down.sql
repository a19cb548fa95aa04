DROP TRIGGER payout_is_decided_once ON payout;
DROP FUNCTION refuse_second_decision();
ALTER TABLE payout
    DROP CONSTRAINT ck_payout_why,
    DROP CONSTRAINT ck_payout_account,
    DROP CONSTRAINT ck_payout_decided,
    DROP COLUMN why,
    DROP COLUMN reference,
    DROP COLUMN sent_at,
    DROP COLUMN account,
    DROP COLUMN method;
DROP TABLE payout_destination;
