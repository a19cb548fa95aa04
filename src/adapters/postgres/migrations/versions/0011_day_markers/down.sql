DROP INDEX ix_payout_run_day;
DROP INDEX ix_settlement_run;
DROP TABLE day_marker;
DROP TABLE tracker_calendar;
