"""The sentence of an incident: who moved first, if anybody did."""

from __future__ import annotations

import pytest

from iotctl.model import Event, Finding, Kind, Sensor
from iotctl.services.incidents.incident_words import sentence
from iotctl.services.incidents.incidents import FleetIncident

MINUTE = 60_000_000
EIGHT = 8 * 60 * MINUTE


def incident(*delays: int) -> FleetIncident:
    """An incident that begins at 08:00 of the first day of 1970. delays: of its sensors, minutes."""
    sensors = [Sensor(number, f"u{number}", f"pump_{number}") for number in range(len(delays))]
    found = []
    for sensor, delay in zip(sensors, delays, strict=True):
        start = EIGHT + delay * MINUTE
        found.append((sensor, Finding(Event("e", Kind.STUCK, start, start, 9, 2.0, 9, 0, 0, 0, 0, "stuck"))))
    return FleetIncident("i", EIGHT, EIGHT, 2.0, tuple(found), tuple(sensors), sensors[0], None)


@pytest.mark.parametrize(
    ("delays", "said"),
    [
        ((0, 0), "2 sensors at the same time, from 1970-01-01 08:00 on: pump_0 (stuck), pump_1"),
        (
            (0, 0, 0, 0),
            "4 sensors at the same time, from 1970-01-01 08:00 on: pump_0 (stuck), pump_1, pump_2 and 1 more",
        ),
        ((0, 20), "2 sensors from 1970-01-01 08:00 on, pump_0 first (stuck); pump_1 after 20 min"),
    ],
)
def test_nobody_is_first_where_all_move_at_once(delays: tuple[int, ...], said: str) -> None:
    assert sentence(incident(*delays), "UTC") == said
