"""Detection in a file of (timestamp, value), without a database."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis import DetectOptions, detect
from iotctl.formats import ReadOptions, read_series
from iotctl.model import Detection
from iotctl.sources import StoreSettings, source_for


@dataclass(frozen=True, slots=True)
class FileDetection:
    """What was found in a file of (timestamp, value). time: int64 microseconds UTC, value: float64, as in the file.

    unreadable: rows of the file without a time.
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    unreadable: int
    detection: Detection


def detect_file(uri: str, store: StoreSettings, read: ReadOptions, options: DetectOptions) -> FileDetection:
    """Analyse a file with the columns timestamp and value. Raises FileError, NotFoundError."""
    source = source_for(uri, store)
    file = source.stat(uri)
    time, value, unreadable = read_series(partial(source.open, file), file, read)
    return FileDetection(time, value, unreadable, detect(time, value, options))
