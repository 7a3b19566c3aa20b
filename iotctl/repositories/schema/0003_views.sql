-- For people and other tools; the names and columns are a promise.

CREATE VIEW sensor_mapping AS
    SELECT sensor_name, sensor_uuid FROM sensor WHERE sensor_name IS NOT NULL;

CREATE VIEW sensor_data AS
    SELECT r."timestamp", s.sensor_uuid, r.sensor_value FROM reading r JOIN sensor s USING (sensor_id);
