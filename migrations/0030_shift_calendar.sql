-- The calendar reads the shifts of all activities by time, also those that were cancelled.
CREATE INDEX shift_calendar_index ON shift (starts_at, id);
