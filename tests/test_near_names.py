"""The nearest names in an error for an unknown name."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotctl.near_names import changes, near_names


@pytest.mark.parametrize(
    ("wanted", "names", "near"),
    [
        ("pump-1", ["pump-01", "pump-11", "pump-2", "PUMP-1", "fan-1"], ["pump-01", "pump-11", "PUMP-1"]),
        ("pump-11", ["pump-1", "pump-12", "pump-111"], ["pump-1", "pump-111", "pump-12"]),
        ("sensor_0042", ["sensor_00042", "sensor_00420", "sensor_00041"], ["sensor_00042", "sensor_00420"]),
        (
            "line 3/temp 12",
            ["line 3/temp 2", "line 33/temp 12", "line 3/temp 13"],
            ["line 33/temp 12", "line 3/temp 2"],
        ),
        ("Boiler", ["boiler", "broiler", "b"], ["boiler", "broiler"]),
        ("boiler-1", ["plant/boiler-1.temp", "boiler-10", "bailer-1"], ["boiler-10", "plant/boiler-1.temp"]),
        ("PUMP-11", ["pump-12", "Pump-99"], ["pump-12"]),
        ("heizung.druk", ["heizung.Druck", "heizung.Vorlauf", "heizung.Außen"], ["heizung.Druck"]),
        ("biolr", ["Boiler", "cooler"], ["Boiler"]),
        ("IOTCTL_DATABSE_URL", ["IOTCTL_DATABASE_URL", "IOTCTL_NOTIFY_URL"], ["IOTCTL_DATABASE_URL"]),
        ("kessel", ["pump-1"], []),
        ("pump-1", [], []),
    ],
)
def test_a_missing_or_doubled_digit_comes_first_then_capitals_then_letters(
    wanted: str, names: list[str], near: list[str]
) -> None:
    assert near_names(wanted, names)[: len(near)] == near
    assert bool(near_names(wanted, names)) is bool(near)


@given(st.text("abc", max_size=7), st.text("abc", max_size=7), st.integers(0, 8))
def test_changes_are_those_of_the_definition(one: str, other: str, most: int) -> None:
    @cache
    def apart(a: int, b: int) -> int:
        if min(a, b) == 0:
            return max(a, b)
        found = [apart(a - 1, b) + 1, apart(a, b - 1) + 1, apart(a - 1, b - 1) + (one[a - 1] != other[b - 1])]
        if min(a, b) > 1 and (one[a - 1], one[a - 2]) == (other[b - 2], other[b - 1]):
            found.append(apart(a - 2, b - 2) + 1)
        return min(found)

    assert changes(one, other, most) == min(apart(len(one), len(other)), most + 1)
