"""New readings into the table by binary COPY."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.binary import COPY_HEADER, COPY_TRAILER, encode_readings
from iotctl.repositories.connection import Connection
from iotctl.repositories.sorted_readings import SortedReadings
from iotctl.repositories.storage.claims import LostRaceError
from iotctl.repositories.storage.columnstore.batch_order import Way, place, prove_order
from iotctl.repositories.storage.columnstore.chunks import chunk_interval

# 86 kB per write: above 128 kB libpq copies what it holds again at each partial send (measured: 1.9x slower at 1 MB),
# and so much stays in the processor's cache from encoding to sending.
_ROWS_PER_WRITE = 2048

_OWNS = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'reading'::regclass"
_COPY = b"COPY reading (sensor_id, file_id, timestamp, sensor_value) FROM STDIN (FORMAT binary)"


class ReadingInserter:
    """Inserts readings of which the table has none, on one connection.

    chunk_microseconds: the length of new chunks.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self.chunk_microseconds = chunk_interval(conn) // timedelta(microseconds=1)
        self._owns = conn.execute(_OWNS).fetchone() == (True,)

    def insert(self, readings: SortedReadings, file_id: int | NDArray[np.int32]) -> None:
        """Write readings, in a transaction; file_id: one for all, or (n,).

        Raises LostRaceError where someone else's change to the columnstore makes their order doubtful.
        """
        if len(readings) == 0:
            return
        files = np.broadcast_to(np.asarray(file_id, dtype=np.int32), len(readings))
        ways = {way: np.zeros(len(readings), dtype=np.bool_) for way in Way}
        for part in place(self._conn, readings, may_mark=self._owns):
            self._direct_compress(part.way)
            ways[part.way][part.rows] = True
            # Nearly always all of them go one way: no need to copy them then.
            whole = len(part.rows) == len(readings)
            some, of = (readings, files) if whole else (readings[part.rows], files[part.rows])
            order = _chunk_order(some, self.chunk_microseconds)
            self._copy(some if order is None else some[order], of if order is None else of[order])
        in_order, unordered = ways[Way.IN_ORDER], ways[Way.UNORDERED]
        if not prove_order(self._conn, readings if in_order.all() else readings[in_order], readings[unordered]):
            raise LostRaceError

    def _copy(self, readings: SortedReadings, files: NDArray[np.int32]) -> None:
        with self._conn.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.write(COPY_HEADER)
            for rows in encode_readings(readings.sensor_id, files, readings.time, readings.value, _ROWS_PER_WRITE):
                copy.write(rows)
            copy.write(COPY_TRAILER)

    def _direct_compress(self, way: Way) -> None:
        # Our readings come sorted, so that the server need not sort a COPY's batches, whatever lies beside them.
        self._conn.execute(
            "SELECT set_config('timescaledb.enable_direct_compress_copy', %(compress)s, true),"
            " set_config('timescaledb.enable_direct_compress_copy_client_sorted', %(in_order)s, true),"
            " set_config('timescaledb.enable_direct_compress_copy_sort_batches', 'off', true)",
            {
                "compress": "off" if way is Way.ROW_STORE else "on",
                "in_order": "on" if way is Way.IN_ORDER else "off",
            },
        )


def _chunk_order(readings: SortedReadings, interval: int) -> NDArray[np.intp] | None:
    """The order by (chunk, sensor, time): each chunk's compressor is opened once. interval: of chunks, microseconds.

    None where it is that of the readings. Chunks from before the interval was changed are cut elsewhere, which costs
    speed and nothing else.
    """
    chunk = readings.time // interval  # TimescaleDB aligns chunks to 1970-01-01
    return None if chunk.min() == chunk.max() else np.argsort(chunk, kind="stable")
