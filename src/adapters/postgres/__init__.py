"""The truth: tables, units of work and repositories on PostgreSQL 15 and later."""
