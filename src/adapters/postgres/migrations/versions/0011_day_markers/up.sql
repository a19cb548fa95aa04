-- How far the days of our own tracker are marked as over.
CREATE TABLE tracker_calendar (
    id SMALLINT NOT NULL,
    marked_through DATE NOT NULL,
    CONSTRAINT pk_tracker_calendar PRIMARY KEY (id),
    CONSTRAINT ck_tracker_calendar_one CHECK (id = 1)
);

-- Which trackers have said of which day that everything of it was told; `message_id` is that of the
-- marker's message: what was told before it has a smaller one.
CREATE TABLE day_marker (
    producer TEXT NOT NULL,
    day DATE NOT NULL,
    partition INTEGER NOT NULL,
    partition_count INTEGER NOT NULL,
    message_id BIGINT NOT NULL,
    CONSTRAINT pk_day_marker PRIMARY KEY (producer, day, partition),
    CONSTRAINT ck_day_marker_partition CHECK (partition >= 0 AND partition < partition_count)
);
CREATE INDEX ix_day_marker_day ON day_marker (day);

-- What was paid for a day is counted by day.
CREATE INDEX ix_payout_run_day ON payout (run, id);
