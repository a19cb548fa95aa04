DROP TABLE day_marker;
DROP TABLE tracker_calendar;
