"""The benchmark can take each part of detection out, and puts it back."""

from __future__ import annotations

import pytest

from iotctl.analysis import detect
from iotctl.model import Detection
from tests.bench.ablation import PARTS, without
from tests.bench.synthetic import LabelledSensor, make_sensor


@pytest.fixture(scope="module")
def sensor() -> LabelledSensor:
    # Seasonal, with changes of level: it needs all there is.
    return make_sensor(4, hours=4000)


@pytest.fixture(scope="module")
def whole(sensor: LabelledSensor) -> Detection:
    return detect(sensor.time, sensor.value)


@pytest.mark.parametrize("part", PARTS)
def test_detection_runs_without_each_part_and_with_it_again(
    part: str, sensor: LabelledSensor, whole: Detection
) -> None:
    with without(part):
        assert len(detect(sensor.time, sensor.value).score) == len(sensor.value)
    assert detect(sensor.time, sensor.value).events == whole.events
