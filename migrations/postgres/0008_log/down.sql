DROP TABLE count_progress;
DROP TABLE event_counts;
DROP TABLE delivery_counts;
DROP INDEX events_by_record;
