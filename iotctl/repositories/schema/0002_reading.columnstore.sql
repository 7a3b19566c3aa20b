-- TimescaleDB with the columnstore. No unique constraint: direct compress turns itself off where there is one
-- (docs.tigerdata.com, "direct compress"); ingest holds claims and asks the table instead (readings.py).
-- A policy of TimescaleDB's own recompresses what late readings left in the row store.

CREATE TABLE reading (
    sensor_id    int NOT NULL,
    file_id      int NOT NULL DEFAULT 0, -- ingest_file; 0 where another program wrote the reading
    "timestamp"  timestamptz NOT NULL,
    sensor_value float8 NOT NULL
) WITH (
    tsdb.hypertable,
    tsdb.partition_column = 'timestamp',
    tsdb.chunk_interval = '30 days', -- iotctl status says whether that suits the data; IOTCTL_CHUNK_INTERVAL changes it
    tsdb.create_default_indexes = false,
    tsdb.segmentby = 'sensor_id',
    tsdb.orderby = 'timestamp'
);

-- For the few readings that wait in the row store; direct compress does not touch it.
CREATE INDEX reading_sensor_time ON reading (sensor_id, "timestamp");

-- Batches on their way in: each sensor's first and last time, so that two batches that share a (sensor, time)
-- stretch take turns. A row lives as long as the session-level advisory lock on its claim_id.
CREATE TABLE ingest_claim (
    claim_id   int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sensor_ids int[] NOT NULL,
    first_time timestamptz[] NOT NULL,
    last_time  timestamptz[] NOT NULL
);
