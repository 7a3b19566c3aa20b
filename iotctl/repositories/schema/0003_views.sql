-- For people and other tools; names and columns will not change.

-- Names of sensors.
CREATE VIEW sensor_mapping AS
    SELECT sensor_name, sensor_uuid FROM sensor WHERE sensor_name IS NOT NULL;

-- All readings with the UUID of their sensor. For a range of time use readings(), which is far faster.
CREATE VIEW sensor_data AS
    SELECT r."timestamp", s.sensor_uuid, r.sensor_value FROM reading r JOIN sensor s USING (sensor_id);

-- The readings of a sensor, by its name or UUID, in [start, until). Fast on both layouts; the views are not.
CREATE FUNCTION readings(sensor text, start timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity')
RETURNS TABLE ("timestamp" timestamptz, sensor_value float8)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT r."timestamp", r.sensor_value
    FROM sensor s, readings_of(s.sensor_id, $2, $3) AS r
    WHERE s.sensor_name = $1 OR s.sensor_uuid::text = lower($1);
END;

-- The same for several sensors. The column sensor has the name, or the UUID of a sensor without a name.
CREATE FUNCTION readings(sensors text[], start timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity')
RETURNS TABLE (sensor text, "timestamp" timestamptz, sensor_value float8)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(s.sensor_name, s.sensor_uuid::text), r."timestamp", r.sensor_value
    FROM sensor s, readings_of(s.sensor_id, $2, $3) AS r
    WHERE s.sensor_name = ANY ($1) OR s.sensor_uuid::text = ANY ($1);
END;
