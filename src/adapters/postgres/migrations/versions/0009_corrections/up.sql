-- Corrections by hand: proposed by one person, decided by another.
CREATE TABLE correction (
    id UUID NOT NULL,
    person_id UUID NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    operation_id UUID,
    reversed_kind TEXT,
    task_id UUID,
    reason TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    decided_by TEXT,
    decided_at TIMESTAMP WITH TIME ZONE,
    note TEXT,
    posted_id UUID,
    CONSTRAINT pk_correction PRIMARY KEY (id),
    CONSTRAINT ck_correction_amount CHECK (amount_minor <> 0),
    CONSTRAINT ck_correction_state CHECK (state IN ('proposed', 'approved', 'rejected')),
    CONSTRAINT ck_correction_decided CHECK (
        (state = 'proposed') = (decided_by IS NULL) AND (state = 'proposed') = (decided_at IS NULL)
    ),
    CONSTRAINT ck_correction_posted CHECK ((state = 'approved') = (posted_id IS NOT NULL)),
    CONSTRAINT ck_correction_four_eyes CHECK (
        split_part(decided_by, ':', 2) <> split_part(proposed_by, ':', 2)
    )
);
-- An operation is taken back once; a proposal that was rejected stands in nobody's way.
CREATE UNIQUE INDEX uq_correction_operation_id ON correction (operation_id)
    WHERE operation_id IS NOT NULL AND state <> 'rejected';
CREATE INDEX ix_correction_person_id ON correction (person_id, id);
CREATE INDEX ix_correction_open ON correction (id) WHERE state = 'proposed';

-- A fact that was given up is taken up again by whoever makes its task known.
CREATE INDEX ix_dead_fact_task_id ON dead_fact (task_id) WHERE task_id IS NOT NULL;
