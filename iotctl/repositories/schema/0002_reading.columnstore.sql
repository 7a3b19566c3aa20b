-- TimescaleDB with the columnstore. iotctl writes its compressed batches itself, which the primary key allows. Where it
-- cannot, an ingest drops the key: direct compress turns itself off where there is one (docs.tigerdata.com, "direct
-- compress"). A policy of TimescaleDB's own recompresses what late readings left in the row store.

-- All readings, compressed, in chunks of time.
CREATE TABLE reading (
    sensor_id    int NOT NULL,
    file_id      int NOT NULL DEFAULT 0, -- ingest_file; 0 if another program wrote the reading
    "timestamp"  timestamptz NOT NULL,
    sensor_value float8 NOT NULL,
    PRIMARY KEY (sensor_id, "timestamp") -- another program's second reading of the same time is refused
) WITH (
    tsdb.hypertable,
    tsdb.partition_column = 'timestamp',
    tsdb.chunk_interval = '30 days', -- iotctl status says whether that suits the data; IOTCTL_CHUNK_INTERVAL changes it
    tsdb.create_default_indexes = false,
    tsdb.segmentby = 'sensor_id',
    tsdb.orderby = 'timestamp'
);

-- The readings of a sensor in [start, until).
CREATE FUNCTION readings_of(sensor int, start timestamptz, until timestamptz)
RETURNS TABLE (sensor_id int, file_id int, "timestamp" timestamptz, sensor_value float8)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT r.sensor_id, r.file_id, r."timestamp", r.sensor_value FROM reading r
    WHERE r.sensor_id = $1 AND r."timestamp" >= $2 AND r."timestamp" < $3;
END;

CREATE FUNCTION readings_of(sensors int[], start timestamptz, until timestamptz)
RETURNS TABLE (sensor_id int, file_id int, "timestamp" timestamptz, sensor_value float8)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT r.sensor_id, r.file_id, r."timestamp", r.sensor_value FROM reading r
    WHERE r.sensor_id = ANY ($1) AND r."timestamp" >= $2 AND r."timestamp" < $3;
END;

-- The time of a sensor's last reading before a moment; NULL if it has none.
CREATE FUNCTION last_reading_of(sensor int, before timestamptz DEFAULT 'infinity') RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
    SELECT r."timestamp" FROM reading r WHERE r.sensor_id = $1 AND r."timestamp" < $2
    ORDER BY r."timestamp" DESC LIMIT 1
);
