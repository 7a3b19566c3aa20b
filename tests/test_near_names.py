"""Which names are told to someone who asked for one that is not there."""

from __future__ import annotations

import pytest

from iotctl.near_names import near_names


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
        ("kessel", ["pump-1"], []),
        ("pump-1", [], []),
    ],
)
def test_a_missing_or_doubled_digit_comes_first_then_capitals_then_letters(
    wanted: str, names: list[str], near: list[str]
) -> None:
    assert near_names(wanted, names)[: len(near)] == near
    assert bool(near_names(wanted, names)) is bool(near)
