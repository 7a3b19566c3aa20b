"""The sensors of a database as a table of pandas."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from iotctl.api.times import moments
from iotctl.services.sensor_list import ListedSensor


def sensor_table(listed: Sequence[ListedSensor]) -> pd.DataFrame:
    """One sensor in each row; see Fleet.sensors for the columns."""
    sensors = [one.sensor for one in listed]
    columns: dict[str, object] = {
        "sensor_name": [sensor.sensor_name for sensor in sensors],
        "sensor_uuid": [sensor.sensor_uuid for sensor in sensors],
        "unit": [sensor.unit for sensor in sensors],
        "low": pd.Series([sensor.low for sensor in sensors], dtype="float64"),
        "high": pd.Series([sensor.high for sensor in sensors], dtype="float64"),
        "state": [one.state.value for one in listed],
        "first": moments([one.first for one in listed]),
        "last": moments([one.last for one in listed]),
        "last_value": pd.Series([one.last_value for one in listed], dtype="float64"),
        "interval": pd.to_timedelta(pd.Series([one.interval_seconds for one in listed], dtype="float64"), unit="s"),
        "readings": pd.Series([one.readings for one in listed], dtype="int64"),
    }
    labels = sorted({label for sensor in sensors for label in sensor.labels})
    return pd.DataFrame(columns | {label: [sensor.labels.get(label) for sensor in sensors] for label in labels})
