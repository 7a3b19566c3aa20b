"""The benchmark can remove each part of detection, and restores it."""

from __future__ import annotations

import pytest

from iotctl.analysis import detect
from tests.bench.ablation import PARTS, without
from tests.bench.synthetic import LabelledSensor, make_sensor

WHOLE = {(module.__name__, name): getattr(module, name) for part in PARTS.values() for module, name, _ in part}


@pytest.fixture(scope="module")
def sensor() -> LabelledSensor:
    # Seasonal, with changes of level: it needs every part.
    return make_sensor(4, hours=1500)


@pytest.mark.parametrize("part", PARTS)
def test_detection_runs_without_each_part_and_has_it_again(part: str, sensor: LabelledSensor) -> None:
    with without(part):
        taken = [getattr(module, name) for module, name, _ in PARTS[part]]
        assert len(detect(sensor.time, sensor.value).score) == len(sensor.value)
    for (module, name, _), other in zip(PARTS[part], taken, strict=True):
        assert getattr(module, name) is WHOLE[module.__name__, name] is not other
