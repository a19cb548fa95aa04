DROP INDEX ix_dead_fact_task_id;
DROP TABLE correction;
