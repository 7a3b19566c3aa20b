"""What is kept of a sensor between scheduled runs, learnt from readings that are no longer read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from iotctl.model.sensors import SensorKind


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run of equal readings: number of rows, and time of the last one, microseconds since 1970-01-01 UTC."""

    value: float
    rows: int
    end: int


@dataclass(frozen=True, slots=True)
class SensorMemory:
    """What earlier runs have learnt of a sensor; empty before the first run.

    until: the last reading used, microseconds since 1970-01-01 UTC. rows: number of readings used. sensor_kind: its
    kind. tails: name of a component -> its 90, 99 and 99.9 % quantile, in robust sigma. periods_hours: its seasons.
    held: the longest runs of each value, within a year.
    """

    until: int = 0
    rows: int = 0
    sensor_kind: SensorKind | None = None
    tails: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    periods_hours: tuple[float, ...] = ()
    held: tuple[HeldRun, ...] = ()

    @property
    def as_json(self) -> dict[str, object]:
        """The memory as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: object) -> SensorMemory:
        """The memory from a stored JSON object; empty if it cannot be read, for example after an update."""
        if not isinstance(stored, dict):
            return cls()
        try:
            kind = stored["sensor_kind"]
            return cls(
                until=int(stored["until"]),
                rows=int(stored["rows"]),
                sensor_kind=None if kind is None else SensorKind(kind),
                tails={str(name): _three(quantiles) for name, quantiles in stored["tails"].items()},
                periods_hours=tuple(float(period) for period in stored["periods_hours"]),
                held=tuple(
                    HeldRun(float(run["value"]), int(run["rows"]), int(run["end"])) for run in stored.get("held", [])
                ),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return cls()


def _three(quantiles: object) -> tuple[float, float, float]:
    if not isinstance(quantiles, list):
        raise TypeError(quantiles)
    body, far, farthest = (float(quantile) for quantile in quantiles)
    return body, far, farthest
