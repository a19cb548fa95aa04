"""Alembic's environment: runs on the connection it is given, under a lock of its own."""

from alembic import context
from sqlalchemy import text

from adapters.postgres.tables import metadata

# Any constant will do, as long as every process that migrates uses the same.
_MIGRATION_LOCK = 0x6B617A6E61

connection = context.config.attributes["connection"]
connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
