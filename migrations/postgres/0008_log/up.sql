-- One record's events in their order: the log's way from a delivery to the one before and after it for the same record.
CREATE INDEX events_by_record ON events (record_id, id) WHERE record_id IS NOT NULL;

-- How many deliveries came in during a minute or an hour, and what became of them; kept up by counting the log's new part, apart from the hot path.
CREATE TABLE delivery_counts (
    span           TEXT   NOT NULL CHECK (span IN ('minute', 'hour')),
    starts_at      BIGINT NOT NULL,
    destination_id BYTEA  NOT NULL,
    delivered      BIGINT NOT NULL,
    failed         BIGINT NOT NULL,
    mapping_failed BIGINT NOT NULL,
    skipped        BIGINT NOT NULL,
    discarded      BIGINT NOT NULL,
    waiting        BIGINT NOT NULL,
    -- How many were delivered within each step of time, as a JSON list.
    latencies      TEXT   NOT NULL,
    counted_at     BIGINT NOT NULL,
    PRIMARY KEY (span, starts_at, destination_id)
);
CREATE INDEX delivery_counts_open ON delivery_counts (counted_at) WHERE waiting > 0;
CREATE TABLE event_counts (
    span      TEXT   NOT NULL CHECK (span IN ('minute', 'hour')),
    starts_at BIGINT NOT NULL,
    received  BIGINT NOT NULL,
    PRIMARY KEY (span, starts_at)
);
-- Every minute before this one was counted.
CREATE TABLE count_progress (
    id         INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    counted_to BIGINT  NOT NULL
);
