-- Who told an event, and which of its aggregate's it is, where the aggregate counts them.
ALTER TABLE event ADD COLUMN producer TEXT NOT NULL DEFAULT 'kazna';
ALTER TABLE event ADD COLUMN aggregate_version INTEGER;

CREATE TABLE person (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    role TEXT NOT NULL,
    language TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    role_version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_person PRIMARY KEY (id),
    CONSTRAINT ck_person_role CHECK (role IN ('worker', 'accountant', 'manager', 'admin')),
    CONSTRAINT ck_person_language CHECK (language IN ('en', 'ru'))
);
CREATE UNIQUE INDEX uq_person_email ON person (lower(email));
CREATE INDEX ix_person_eligible ON person (id)
    WHERE is_active AND role IN ('worker', 'accountant');
CREATE INDEX ix_person_admin ON person (id) WHERE is_active AND role = 'admin';

CREATE TABLE task (
    id UUID NOT NULL,
    title TEXT NOT NULL,
    jira_id TEXT,
    description TEXT,
    author_id UUID NOT NULL,
    assignee_id UUID NOT NULL,
    assignment_no INTEGER NOT NULL,
    assignation_id UUID NOT NULL,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_task PRIMARY KEY (id),
    CONSTRAINT uq_task_assignation_id UNIQUE (assignation_id),
    CONSTRAINT ck_task_status CHECK (status IN ('open', 'completed')),
    CONSTRAINT ck_task_completed CHECK ((status = 'completed') = (completed_at IS NOT NULL))
);
CREATE INDEX ix_task_open ON task (id) WHERE status = 'open';
CREATE INDEX ix_task_assignee_id ON task (assignee_id, status, id);
CREATE INDEX ix_task_author_id ON task (author_id, id);
CREATE INDEX ix_task_jira_id ON task (jira_id, id) WHERE jira_id IS NOT NULL;

CREATE TABLE task_batch (
    id UUID NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    tasks INTEGER NOT NULL,
    reassigned INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    parts_left INTEGER NOT NULL,
    done_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_task_batch PRIMARY KEY (id),
    CONSTRAINT ck_task_batch_parts CHECK (parts_left >= 0),
    CONSTRAINT ck_task_batch_done CHECK ((done_at IS NOT NULL) = (parts_left = 0)),
    CONSTRAINT ck_task_batch_counts CHECK (reassigned + skipped <= tasks)
);

-- What a shuffle has still to give; a row goes in the transaction that gives its task.
CREATE TABLE task_batch_item (
    batch_id UUID NOT NULL,
    chunk INTEGER NOT NULL,
    task_id UUID NOT NULL,
    CONSTRAINT pk_task_batch_item PRIMARY KEY (batch_id, chunk, task_id),
    CONSTRAINT fk_task_batch_item_batch_id FOREIGN KEY (batch_id) REFERENCES task_batch (id)
);

CREATE TABLE task_assignment (
    task_id UUID NOT NULL,
    assignment_no INTEGER NOT NULL,
    assignation_id UUID NOT NULL,
    assignee_id UUID NOT NULL,
    previous_assignee_id UUID,
    batch_id UUID,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_task_assignment PRIMARY KEY (task_id, assignment_no),
    CONSTRAINT uq_task_assignment_assignation_id UNIQUE (assignation_id),
    CONSTRAINT uq_task_assignment_batch UNIQUE (batch_id, task_id)
);
CREATE TRIGGER task_assignment_is_append_only BEFORE UPDATE OR DELETE ON task_assignment
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
