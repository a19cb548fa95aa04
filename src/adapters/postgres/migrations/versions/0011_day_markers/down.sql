DROP INDEX ix_payout_run_day;
DROP TABLE day_marker;
DROP TABLE tracker_calendar;
