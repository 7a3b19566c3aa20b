"""What the demo put into a sensor stands beside what was found there."""

from __future__ import annotations

from datetime import UTC, datetime

from iotctl.cli.commands.demo import beside
from iotctl.services.demo import MadeUpAnomaly


def micros(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def test_what_was_put_in_stands_beside_what_was_found() -> None:
    put_in = [
        MadeUpAnomaly("s", "drift", micros("2025-11-02 16:45"), micros("2025-11-07 21:30")),
        MadeUpAnomaly("s", "spike", micros("2025-05-20 22:00"), micros("2025-05-20 22:00")),
        MadeUpAnomaly("s", "stuck", micros("2025-06-21 22:45"), micros("2025-06-22 21:00")),
    ]
    found = [
        {"start": "2025-05-21T00:00:00+02:00", "end": "2025-05-21T00:00:00+02:00", "kind": "spike"},
        {"start": "2025-08-01T00:00:00+02:00", "end": "2025-08-02T00:00:00+02:00", "kind": "shift"},
        {"start": "2025-11-02T19:45:00+01:00", "end": "2025-11-07T22:30:00+01:00", "kind": "drift"},
    ]
    assert [line.split() for line in beside(put_in, found)] == [
        ["spike", "2025-05-21", "00:00", "to", "2025-05-21", "00:00", "spike", "from", "2025-05-21", "00:00"],
        ["stuck", "2025-06-22", "00:45", "to", "2025-06-22", "23:00", "nothing"],
        ["drift", "2025-11-02", "17:45", "to", "2025-11-07", "22:30", "drift", "from", "2025-11-02", "19:45"],
        ["nothing", "shift", "from", "2025-08-01", "00:00"],
    ]
