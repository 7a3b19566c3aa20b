"""Ids and names for the sensors of files, also for sensors that the table does not have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories import SensorRepository, canonical_uuids


class KnownSensors:
    """Looks sensors up and remembers them; it does not add any to the table."""

    def __init__(self, sensors: SensorRepository) -> None:
        self._sensors = sensors
        self._ids: dict[bytes, int] = {}
        self._unknown: dict[int, str] = {}

    def ids(self, uuids: NDArray[np.uint8]) -> NDArray[np.int32]:
        """The sensor_id of each UUID, (k,); below 0 for a sensor that the table does not have. uuids: (k, 16) uint8."""
        keys = [bytes(row) for row in uuids]
        unseen = [at for at, key in enumerate(keys) if key not in self._ids]
        if unseen:
            texts = canonical_uuids(uuids[unseen])
            known = self._sensors.known(texts)
            for at, text in zip(unseen, texts, strict=True):
                if text not in known:
                    known[text] = -1 - len(self._unknown)
                    self._unknown[known[text]] = text
                self._ids[keys[at]] = known[text]
        return np.array([self._ids[key] for key in keys], dtype=np.int32)

    def of(self, sensor_id: int) -> str:
        """The sensor's name, or its UUID."""
        if sensor_id < 0:
            return self._unknown[sensor_id]
        sensor = self._sensors.by_id(sensor_id)
        return f"sensor_id {sensor_id}" if sensor is None else sensor.title
