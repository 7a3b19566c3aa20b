"""The made-up kinds of sensor: the same for the same seed, and faults where the labels say so."""

from __future__ import annotations

import numpy as np
import pytest

from iotctl.model import Kind
from tests.bench.sensor_kinds import KINDS, make_kind


@pytest.mark.parametrize("name", ["continuous", "humidity at 100", "on change", "200 rows", "counter, wraps"])
def test_a_sensor_is_the_same_for_the_same_seed_and_differs_from_the_clean_one_in_its_faults_alone(name: str) -> None:
    clean, faulty = (make_kind(name, 3, faults=faults) for faults in (False, True))
    again = make_kind(name, 3, faults=True)
    assert (again.time == faulty.time).all()
    assert (again.value == faulty.value).all()
    assert {fault.kind for fault in faulty.anomalies} == set(KINDS[name].faults)
    assert clean.anomalies == ()
    assert not clean.anomalous.any()
    if KINDS[name].on_change:  # a fault changes what is sent after it, too
        return
    differs = np.flatnonzero(np.abs(clean.value - faulty.value) > 1e-9)
    assert len(differs)
    assert faulty.anomalous[differs].all()


def test_every_kind_can_be_made_and_holds_its_device_s_limits() -> None:
    for name in KINDS:
        sensor = make_kind(name, 1, faults=True)
        assert (np.diff(sensor.time) > 0).all()
        assert np.isfinite(sensor.value).all()
        assert all(fault.end > fault.start for fault in sensor.anomalies)
    assert make_kind("humidity at 100", 1, faults=True).value.max() == 100.0
    assert make_kind("rain", 1, faults=False).value.min() == 0.0
    assert Kind.STUCK not in {fault.kind for fault in make_kind("rain", 1, faults=True).anomalies}
