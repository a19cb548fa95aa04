DROP TABLE task_assignment;
DROP TABLE task_batch_item;
DROP TABLE task_batch;
DROP TABLE task;
DROP TABLE person;
ALTER TABLE event DROP COLUMN aggregate_version;
ALTER TABLE event DROP COLUMN producer;
