-- TimescaleDB before 2.21, or built without the columnstore: a hypertable whose primary key keeps readings unique.

CREATE TABLE reading (
    sensor_id    int NOT NULL,
    file_id      int NOT NULL DEFAULT 0, -- ingest_file; 0 where another program wrote the reading
    "timestamp"  timestamptz NOT NULL,
    sensor_value float8 NOT NULL,
    PRIMARY KEY (sensor_id, "timestamp")
);

SELECT create_hypertable('reading', 'timestamp', chunk_time_interval => interval '30 days', create_default_indexes => false);
