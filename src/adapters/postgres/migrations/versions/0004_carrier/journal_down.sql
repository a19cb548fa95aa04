DROP TABLE carrier_operator_log;
DROP FUNCTION make_operator_log_partitions(integer);
DROP FUNCTION drop_operator_log_before(date);
