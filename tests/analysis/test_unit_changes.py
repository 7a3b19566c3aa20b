"""Made-up changes of unit are found at the right place; changes that machines make are not taken for them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis.quality.quality import measure_quality
from iotctl.analysis.quality.quality_words import quality_words
from iotctl.analysis.quality.unit_changes import find_unit_changes
from tests.bench.sensor_kinds import KINDS, make_kind

N = 20_000
START, STEP = 1_420_070_400_000_000, 600_000_000


def temperature(seed: int) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    course: NDArray[np.float64] = 20 + 3 * np.sin(np.arange(N) * 2 * np.pi / 144) + random.normal(0, 0.5, N)
    return course


@pytest.mark.parametrize(
    ("factor", "offset"),
    [
        (1.8, 32),
        (1 / 1.8, -32 / 1.8),
        (1, 273.15),
        (1, -273.15),
        (1000, 0),
        (0.001, 0),
        (6.894757, 0),
        (1 / 6.894757, 0),
    ],
)
def test_a_conversion_is_found_at_its_row(factor: float, offset: float) -> None:
    for seed in range(3):
        value, row = temperature(seed), int(np.random.default_rng(seed).integers(2000, 18_000))
        value[row:] = value[row:] * factor + offset
        ((found, conversion),) = find_unit_changes(value)
        assert abs(found - row) <= 1
        assert (conversion.factor, conversion.offset) == pytest.approx((factor, offset), abs=1e-6)


def test_there_and_back_are_two_and_a_sensor_about_zero_shows_a_large_factor() -> None:
    value = temperature(1)
    value[5000:12_000] = value[5000:12_000] * 1.8 + 32
    assert [(row, conversion.formula) for row, conversion in find_unit_changes(value)] == [
        (5000, "x 1.8 + 32"),
        (12_000, "/ 1.8 - 17.78"),
    ]
    about_zero = np.random.default_rng(2).normal(0, 1, N)
    about_zero[9000:] *= 1000
    ((row, conversion),) = find_unit_changes(about_zero)
    assert abs(row - 9000) <= 3
    assert conversion.factor == 1000


@pytest.mark.parametrize("name", KINDS)
def test_no_kind_of_sensor_changes_its_unit_by_itself(name: str) -> None:
    assert find_unit_changes(make_kind(name, 3, faults=True).value) == []


def test_other_levels_other_noise_and_both_in_another_measure_are_no_units() -> None:
    for factor, offset, noise in ((1, 15, 1), (1, 0, 3), (4.5, 0, 1), (2, 0, 2)):
        random = np.random.default_rng(4)
        value = random.normal(20, 1, N)
        value[9000:] = 20 * factor + offset + random.normal(0, noise, N - 9000)
        assert find_unit_changes(value) == []


@pytest.mark.parametrize("rows", [0, 1, 100, 287, 288, 400])
def test_short_and_still_series_are_defined(rows: int) -> None:
    for value in (np.ones(rows), np.random.default_rng(1).normal(size=rows), np.repeat([1.0, 1000.0], rows)):
        assert find_unit_changes(value) == []


def test_quality_says_what_changed_and_counts_a_change_of_unit_once() -> None:
    value = np.round(temperature(1), 1)
    value[7000:] = value[7000:] * 1.8 + 32
    quality = measure_quality(START + STEP * np.arange(N), value)
    (change,) = quality.changes
    assert (change.time, change.what, change.words) == (START + 7000 * STEP, "unit", "x 1.8 + 32 (°C to °F?)")
    assert (quality.unit_changes, quality.resolution_changes) == (1, 0)
    assert quality_words(quality) == ["unit changed: x 1.8 + 32 (°C to °F?)"]
    coarser = temperature(1)
    coarser = np.concatenate([np.round(coarser[:9000], 2), np.round(coarser[9000:] * 2) / 2])
    assert quality_words(measure_quality(START + STEP * np.arange(N), coarser)) == ["resolution changed: 0.01 to 0.5"]
