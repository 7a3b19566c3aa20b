"""Write readings to the hypertable as rows, by binary COPY."""

from __future__ import annotations

from iotctl.repositories.postgres.binary import COPY_HEADER, COPY_TRAILER, encode_readings
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.storage.sorted_readings import OwnedReadings

# 86 kB per write: above 128 kB libpq copies its buffer again at each partial send (measured: 1.9x slower at 1 MB), and
# 86 kB stay in the processor's cache from encoding to sending.
_ROWS_PER_WRITE = 2048

_COPY = b"COPY reading (sensor_id, file_id, timestamp, sensor_value) FROM STDIN (FORMAT binary)"


def copy_rows(conn: Connection, readings: OwnedReadings) -> None:
    """Insert readings in their order. The settings of the session decide whether TimescaleDB compresses them."""
    columns = (readings.sensor_id, readings.file_id, readings.time, readings.value)
    with conn.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(COPY_HEADER)
        for rows in encode_readings(*columns, _ROWS_PER_WRITE):
            copy.write(rows)
        copy.write(COPY_TRAILER)
