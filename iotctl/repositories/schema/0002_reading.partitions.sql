-- Plain PostgreSQL: a partition a month (UTC), made when a batch needs it.
-- file_id fills the four bytes that alignment leaves free after sensor_id, so it costs no disk.

CREATE TABLE reading (
    sensor_id    int NOT NULL,
    file_id      int NOT NULL DEFAULT 0, -- ingest_file; 0 where another program wrote the reading
    "timestamp"  timestamptz NOT NULL,
    sensor_value float8 NOT NULL,
    PRIMARY KEY (sensor_id, "timestamp")
) PARTITION BY RANGE ("timestamp");

-- How long readings are kept; no row where for good. Nothing runs by itself here: ingest and iotctl policy drop partitions.
CREATE TABLE reading_retention (
    only_row   bool PRIMARY KEY DEFAULT true CHECK (only_row),
    drop_after interval NOT NULL
);
