"""iotctl detect --what-if: how many alarms sensors would have had at several rates. Nothing is saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from iotctl.cli.arguments.rates import rate_a_year, said_rate
from iotctl.cli.detect.run_options import RunOptions
from iotctl.cli.output.table import Cell, TableView
from iotctl.model import Event

RATES = ("0.1/year", "1/year", "4/year", "1/month", "1/week")
EVERY_SENSOR = "all sensors"

_DAY = 86_400_000_000
_YEAR = 365 * _DAY


@dataclass(frozen=True, slots=True)
class SensorAlarms:
    """The possible alarms of a sensor with their rarity. first, last: of its readings, microseconds since 1970, UTC."""

    name: str
    first: int
    last: int
    events: Sequence[Event]


def at_the_highest(wanted: RunOptions) -> RunOptions:
    """The wanted run at the highest rate, which reports all events of the lower rates."""
    highest = max(_rates(wanted.options.false_alarms).values())
    return replace(wanted, options=replace(wanted.options, false_alarms=highest))


def print_alarms(alarms: Iterable[SensorAlarms], wanted: RunOptions) -> int:
    """Print a row for each sensor, and a sum if there are several. Returns the number of alarms at the wanted rate.

    Without a range, the last 365 days of each sensor count.
    """
    rates = _rates(wanted.options.false_alarms)
    ranged = wanted.start is not None or wanted.end is not None
    totals = [0] * len(rates)
    sensors, days, facts = 0, 0.0, 0

    def rows() -> Iterator[tuple[Cell, ...]]:
        nonlocal sensors, days, facts
        for one in alarms:
            since = one.first if ranged else max(one.first, one.last - _YEAR)
            seen = [event.a_year for event in one.events if event.end >= since]
            counts = [sum(rate <= most for rate in seen) for most in rates.values()]
            sensors += 1
            days += (one.last - since) / _DAY
            facts += seen.count(0.0)
            totals[:] = [total + count for total, count in zip(totals, counts, strict=True)]
            yield (one.name, round((one.last - since) / _DAY, 1), *counts, seen.count(0.0))
        if sensors > 1:
            yield (EVERY_SENSOR, round(days, 1), *totals, facts)

    wanted.rows.write_beside_progress(["sensor", "days", *rates, "facts"], rows(), TableView())
    return totals[list(rates.values()).index(wanted.options.false_alarms)]


def _rates(asked: float) -> dict[str, float]:
    """Rates by name, in order, with the wanted rate among them."""
    rates = {text: rate_a_year(text) for text in RATES}
    if asked not in rates.values():
        rates[said_rate(asked)] = asked
    return dict(sorted(rates.items(), key=lambda one: one[1]))
