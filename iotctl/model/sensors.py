"""Sensors: their properties, kind and state."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Sensor:
    """A row of the sensor table.

    sensor_name: None if neither a mapping nor a file names the UUID. unit: of its values. low, high: their physical
    limits. labels: all other columns of a mapping, such as site and asset.
    """

    sensor_id: int
    sensor_uuid: str
    sensor_name: str | None
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def title(self) -> str:
        """What people call it: its name, or its UUID if it has none."""
        return self.sensor_name or self.sensor_uuid

    @property
    def limits(self) -> tuple[float, float] | None:
        """The lowest and the highest possible value, infinite if one is not known; None if both are not known."""
        if self.low is None and self.high is None:
            return None
        return (float("-inf") if self.low is None else self.low, float("inf") if self.high is None else self.high)


class SensorState(StrEnum):
    """Whether a sensor sends, compared with the others of its database."""

    OK = "ok"
    SILENT = "silent"  # longer than usual for it, while others send
    EMPTY = "no readings"


class SensorKind(StrEnum):
    """The kind of a sensor, recognised from its readings."""

    CONTINUOUS = "continuous"
    SATURATING = "saturating"  # often at its lowest or highest value: humidity at 100 %
    INTERMITTENT = "intermittent"  # one value most of the time, and amounts in between: rain, a tap
    STATES = "states"  # few values, each held for a while: a valve, a setpoint
    ON_OFF = "on/off"
    COUNTER = "counter"  # rises, except for resets and overflows
    STILL = "still"  # one or a few values, and almost no change
