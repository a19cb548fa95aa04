"""People, tasks with their assignments, and shuffles."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from adapters.postgres.tables.metadata import metadata

_INSTANT = DateTime(timezone=True)

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("role", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("role_version", Integer, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    CheckConstraint("role IN ('worker', 'accountant', 'manager', 'admin')", name="role"),
    CheckConstraint("language IN ('en', 'ru')", name="language"),
)
Index("uq_person_email", text("lower(email)"), unique=True, _table=person)
Index(
    "ix_person_eligible",
    person.c.id,
    postgresql_where=text("is_active AND role IN ('worker', 'accountant')"),
)
Index(
    "ix_person_admin",
    person.c.id,
    postgresql_where=text("is_active AND role = 'admin'"),
)

task = Table(
    "task",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("jira_id", Text),
    Column("description", Text),
    Column("author_id", Uuid, nullable=False),
    Column("assignee_id", Uuid, nullable=False),
    Column("assignment_no", Integer, nullable=False),
    Column("assignation_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("completed_at", _INSTANT),
    UniqueConstraint("assignation_id", name="uq_task_assignation_id"),
    CheckConstraint("status IN ('open', 'completed')", name="status"),
    CheckConstraint("(status = 'completed') = (completed_at IS NOT NULL)", name="completed"),
)
Index("ix_task_open", task.c.id, postgresql_where=text("status = 'open'"))
Index("ix_task_assignee_id", task.c.assignee_id, task.c.status, task.c.id)
Index("ix_task_author_id", task.c.author_id, task.c.id)
Index("ix_task_jira_id", task.c.jira_id, task.c.id, postgresql_where=text("jira_id IS NOT NULL"))

task_batch = Table(
    "task_batch",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", _INSTANT, nullable=False),
    Column("tasks", Integer, nullable=False),
    Column("reassigned", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("parts_left", Integer, nullable=False),
    Column("done_at", _INSTANT),
    CheckConstraint("parts_left >= 0", name="parts"),
    CheckConstraint("(done_at IS NOT NULL) = (parts_left = 0)", name="done"),
    CheckConstraint("reassigned + skipped <= tasks", name="counts"),
)

task_batch_item = Table(
    "task_batch_item",
    metadata,
    Column("batch_id", Uuid, nullable=False),
    Column("chunk", Integer, nullable=False),
    Column("task_id", Uuid, nullable=False),
    PrimaryKeyConstraint("batch_id", "chunk", "task_id", name="pk_task_batch_item"),
    ForeignKeyConstraint(["batch_id"], ["task_batch.id"], name="fk_task_batch_item_batch_id"),
)

task_assignment = Table(
    "task_assignment",
    metadata,
    Column("task_id", Uuid, nullable=False),
    Column("assignment_no", Integer, nullable=False),
    Column("assignation_id", Uuid, nullable=False),
    Column("assignee_id", Uuid, nullable=False),
    Column("previous_assignee_id", Uuid),
    Column("batch_id", Uuid),
    Column("occurred_at", _INSTANT, nullable=False),
    PrimaryKeyConstraint("task_id", "assignment_no", name="pk_task_assignment"),
    UniqueConstraint("assignation_id", name="uq_task_assignment_assignation_id"),
    UniqueConstraint("batch_id", "task_id", name="uq_task_assignment_batch"),
)

tracker_calendar = Table(
    "tracker_calendar",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("marked_through", Date, nullable=False),
    CheckConstraint("id = 1", name="one"),
)

day_marker = Table(
    "day_marker",
    metadata,
    Column("producer", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("partition_count", Integer, nullable=False),
    Column("message_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("producer", "day", "partition", name="pk_day_marker"),
    CheckConstraint("partition >= 0 AND partition < partition_count", name="partition"),
)
Index("ix_day_marker_day", day_marker.c.day)
