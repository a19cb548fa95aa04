"""Work to be done, what came in, answers already given, the calendar, and what happened.

Revision ID: 0001_messages
Revises:
"""

from alembic import op

revision = "0001_messages"
down_revision = None
branch_labels = None
depends_on = None

# Rows live for milliseconds and the table is small when all goes well: clean it by the number of
# rows that died, not by a share of those that live.
_MESSAGE = """
CREATE TABLE message (
    id bigint GENERATED ALWAYS AS IDENTITY,
    queue text NOT NULL,
    name text NOT NULL,
    payload jsonb NOT NULL,
    order_key text,
    priority integer NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'ready',
    attempt integer NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL DEFAULT now(),
    lease uuid,
    lease_until timestamptz,
    error text,
    correlation_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_message PRIMARY KEY (id),
    CONSTRAINT ck_message_state CHECK (state IN ('ready', 'leased', 'dead')),
    CONSTRAINT ck_message_attempt CHECK (attempt >= 0),
    CONSTRAINT ck_message_lease CHECK (
        (state = 'leased') = (lease IS NOT NULL) AND (lease IS NULL) = (lease_until IS NULL)),
    CONSTRAINT ck_message_dead_says_why CHECK (state <> 'dead' OR error IS NOT NULL)
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000,
    autovacuum_vacuum_cost_delay = 0
)
"""

_MESSAGE_INDEXES = (
    "CREATE INDEX ix_message_due ON message (queue, priority DESC, run_at, id) "
    "WHERE state = 'ready'",
    "CREATE INDEX ix_message_leased ON message (queue, lease_until) WHERE state = 'leased'",
    "CREATE INDEX ix_message_order ON message (order_key, id) "
    "WHERE order_key IS NOT NULL AND state <> 'dead'",
    "CREATE INDEX ix_message_dead ON message (queue, id) WHERE state = 'dead'",
)

_INBOX = """
CREATE TABLE inbox (
    id bigint GENERATED ALWAYS AS IDENTITY,
    source text NOT NULL,
    external_id text NOT NULL,
    raw bytea NOT NULL,
    headers jsonb NOT NULL DEFAULT '{}'::jsonb,
    verified boolean NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    handled_at timestamptz,
    result jsonb,
    CONSTRAINT pk_inbox PRIMARY KEY (id),
    CONSTRAINT uq_inbox_source_external_id UNIQUE (source, external_id),
    CONSTRAINT ck_inbox_handled_says_how CHECK ((handled_at IS NULL) = (result IS NULL))
)
"""

_IDEMPOTENCY = """
CREATE TABLE idempotency (
    actor text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status smallint NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_idempotency PRIMARY KEY (actor, key)
)
"""

_SCHEDULE = """
CREATE TABLE schedule (
    name text NOT NULL,
    queue text NOT NULL,
    message_name text NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}'::jsonb,
    order_key text,
    priority integer NOT NULL DEFAULT 0,
    every_seconds integer,
    daily_at time,
    zone text,
    misfire text NOT NULL DEFAULT 'merge',
    enabled boolean NOT NULL DEFAULT true,
    next_due timestamptz NOT NULL,
    CONSTRAINT pk_schedule PRIMARY KEY (name),
    CONSTRAINT ck_schedule_misfire CHECK (misfire IN ('merge', 'replay')),
    CONSTRAINT ck_schedule_every_seconds CHECK (every_seconds > 0),
    CONSTRAINT ck_schedule_cadence CHECK (
        (every_seconds IS NULL) <> (daily_at IS NULL) AND (daily_at IS NULL) = (zone IS NULL))
)
"""

_TICK = """
CREATE TABLE tick (
    schedule text NOT NULL,
    due timestamptz NOT NULL,
    fired_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_tick PRIMARY KEY (schedule, due),
    CONSTRAINT fk_tick_schedule FOREIGN KEY (schedule) REFERENCES schedule (name) ON DELETE CASCADE
)
"""

_EVENT = """
CREATE TABLE event (
    position bigint GENERATED ALWAYS AS IDENTITY,
    event_id uuid NOT NULL,
    name text NOT NULL,
    version smallint NOT NULL,
    aggregate_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    correlation_id uuid NOT NULL,
    causation_id uuid,
    actor text NOT NULL,
    reason text NOT NULL,
    idempotency_key text,
    data jsonb NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT pk_event PRIMARY KEY (position, recorded_at),
    CONSTRAINT ck_event_actor CHECK (actor <> ''),
    CONSTRAINT ck_event_reason CHECK (reason <> '')
) PARTITION BY RANGE (recorded_at)
"""

_EVENT_INDEXES = (
    "CREATE INDEX ix_event_feed ON event (xid, position)",
    "CREATE INDEX ix_event_aggregate_id_position ON event (aggregate_id, position)",
    "CREATE INDEX ix_event_correlation_id ON event (correlation_id)",
)

# Rows that landed in the default partition while nobody made the month stay there: moving them
# would mean changing what is append-only, and the month is skipped.
_MAKE_MONTHS = """
CREATE FUNCTION make_event_partitions(months_ahead integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    month date;
    made integer := 0;
    partition text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('make_event_partitions'));
    FOR ahead IN 0..months_ahead LOOP
        month := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead);
        partition := 'event_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass(partition) IS NOT NULL;
        CONTINUE WHEN EXISTS (
            SELECT FROM event_default
            WHERE recorded_at >= month::timestamp AT TIME ZONE 'UTC'
              AND recorded_at < (month + interval '1 month') AT TIME ZONE 'UTC');
        EXECUTE format('CREATE TABLE %I PARTITION OF event FOR VALUES FROM (%L) TO (%L)', partition,
            month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
        made := made + 1;
    END LOOP;
    RETURN made;
END $$
"""

_REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are only ever added', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$
"""

_TRIGGERS = (
    "CREATE TRIGGER event_is_append_only BEFORE UPDATE OR DELETE ON event "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER event_is_never_emptied BEFORE TRUNCATE ON event "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)

_UP = (
    _MESSAGE,
    *_MESSAGE_INDEXES,
    _INBOX,
    "CREATE INDEX ix_inbox_open ON inbox (id) WHERE handled_at IS NULL",
    _IDEMPOTENCY,
    "CREATE INDEX ix_idempotency_created_at ON idempotency (created_at)",
    _SCHEDULE,
    "CREATE INDEX ix_schedule_next_due ON schedule (next_due) WHERE enabled",
    _TICK,
    _EVENT,
    *_EVENT_INDEXES,
    "CREATE TABLE event_default PARTITION OF event DEFAULT",
    _MAKE_MONTHS,
    _REFUSE,
    *_TRIGGERS,
    "SELECT make_event_partitions(3)",
)

_DOWN = (
    "DROP TABLE event",
    "DROP FUNCTION refuse_change()",
    "DROP FUNCTION make_event_partitions(integer)",
    "DROP TABLE tick",
    "DROP TABLE schedule",
    "DROP TABLE idempotency",
    "DROP TABLE inbox",
    "DROP TABLE message",
)


def upgrade() -> None:
    """Create the tables, their partitions ahead, and the refusal to change events."""
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    """Remove them."""
    for statement in _DOWN:
        op.execute(statement)
