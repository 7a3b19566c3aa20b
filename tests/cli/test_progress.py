"""Progress: no time left after only a first step, and a watch says that it waits."""

from __future__ import annotations

import pytest

from iotctl.cli.progress.detect_progress import watch_detect
from iotctl.cli.progress.ingest_progress import watch_ingest
from iotctl.cli.progress.time_left import time_left
from iotctl.model import Sensor
from iotctl.services.detect.detect_task import SensorFindings


@pytest.mark.parametrize(
    ("done", "total", "seconds", "said"),
    [
        (1, 10_000, 5.0, ""),  # 1 of 10,000 in 5 s would be 14 hours
        (500, 1000, 1.0, ""),
        (500, 1000, 65.0, "1:05 left"),
        (200, 1000, 1000.0, "1:06:40 left"),
        (1000, 1000, 60.0, ""),
        (0, 0, 60.0, ""),
    ],
)
def test_the_time_left_is_told_once_enough_is_done(done: float, total: float, seconds: float, said: str) -> None:
    assert time_left(done, total, seconds) == said


def test_a_watch_that_waits_says_so_once_until_there_is_something_again(capsys: pytest.CaptureFixture[str]) -> None:
    with watch_ingest() as listener:
        for files in (1, 0, 0, 1, 0):
            listener.found(files, 10 * files)
            listener.waiting(60.0)
    assert capsys.readouterr().err.splitlines() == ["waiting for new files, looking every 60 s"] * 2


@pytest.mark.parametrize(("sensors", "idle", "lines"), [(2, 1, True), (8, 4, False)])
def test_each_of_few_sensors_has_a_line_also_if_it_has_become_silent(
    capsys: pytest.CaptureFixture[str], sensors: int, idle: int, lines: bool
) -> None:
    """idle: sensors without new readings. Of these, one has become silent: it has no readings that say what it is."""
    with watch_detect(saves=False) as watch:
        watch.found(sensors, idle)
        for number in range(sensors):
            watch.finished(SensorFindings(Sensor(number, "u", "pump"), 5, sensor_words="steady", regimes="1 regime"))
        watch.finished(SensorFindings(Sensor(99, "u", "old")))
    said = ["pump: 5 readings; steady; 1 regime; 0 events"] * sensors + ["old: 0 readings; 0 events"]
    assert capsys.readouterr().err.splitlines() == (said if lines else [])
