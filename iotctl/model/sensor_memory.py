"""What is kept of a sensor between scheduled runs: what it has shown in readings that are no longer looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from iotctl.model.sensors import SensorKind


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run of readings of one value: how many rows, and when the last was, microseconds since 1970-01-01 UTC."""

    value: float
    rows: int
    end: int


@dataclass(frozen=True, slots=True)
class SensorMemory:
    """What former runs have learnt of a sensor; nothing where there was none.

    until: the last reading that it rests on, microseconds since 1970-01-01 UTC. rows: how many readings it rests on.
    sensor_kind: what it is. tails: name of a component -> its 90, 99 and 99.9 % quantile, in robust sigma.
    periods_hours: its seasons. held: the longest runs of each value that it holds, within a year.
    """

    until: int = 0
    rows: int = 0
    sensor_kind: SensorKind | None = None
    tails: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    periods_hours: tuple[float, ...] = ()
    held: tuple[HeldRun, ...] = ()

    @property
    def as_json(self) -> dict[str, object]:
        """What JSON can hold of it, which is all."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: object) -> SensorMemory:
        """What was stored; nothing where it cannot be read, as after an update of the program."""
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
