"""If a table of several sensors is divided into files, sensors keep their names and units, and are not mixed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import pytest

from iotctl.formats import ReadOptions, read_batches
from iotctl.formats.proposal.proposal import Hints
from iotctl.model import StoredFile
from tests.formats.proposal.families import clock
from tests.formats.proposal.test_families import NOW, look, opened

Row = dict[str, str]

METRICS = {"Supply Air": "°C", "Fan": "rpm"}


def written(place: Callable[[str], Row], metric: str = "metric", unit: str = "unit") -> list[Row]:
    """Rows of two devices with two metrics each; place: what a device's rows have beside metric, value and unit."""
    return [
        {"ts": f"{moment:%Y-%m-%dT%H:%M:%SZ}", **place(device), metric: name,
         "value": f"{step % 7}.{number}", **({unit: METRICS[name]} if unit else {})}
        for step, moment in enumerate(clock(rows=30))
        for device in ("AHU-07", "AHU-08")
        for number, name in enumerate(METRICS, 1)
    ]  # fmt: skip


TABLES = {
    "device and metric": written(lambda device: {"device": device}),
    "a place around it": written(lambda device: {"site": "HQ", "asset": device}, "parameter"),
    "a number and a name": written(lambda device: {"station_id": device[-2:], "station_name": f"Hall {device}"}),
    "labels of Prometheus": written(lambda device: {"instance": device}, "__name__", unit=""),
    "metric first": [
        {name: row[name] for name in ("metric", "ts", "device", "value")}
        for row in written(lambda device: {"device": device}, unit="")
    ],
}


def as_csv(rows: list[Row]) -> bytes:
    return "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows), ""]).encode()


def as_json(rows: list[Row]) -> bytes:
    return "".join(json.dumps({**row, "value": float(row["value"])}) + "\n" for row in rows).encode()


def as_line_protocol(rows: list[Row]) -> bytes:
    """Tags are all columns but time, value and unit."""
    text = ""
    for at, row in enumerate(rows):
        tags = [f"{key}={name.replace(' ', '_')}" for key, name in row.items() if key not in {"ts", "value", "unit"}]
        text += f"plant,{','.join(tags)} value={row['value']} {1_700_000_000 + 60 * (at // 4)}000000000\n"
    return text.encode()


def parted(rows: list[Row], by: Iterable[str]) -> list[list[Row]]:
    files: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        files.setdefault(tuple(row[name] for name in by), []).append(row)
    return list(files.values())


def sensors(content: bytes, name: str) -> dict[str, str | None]:
    """The sensors that a file gives by the layout that is found for it -> their units."""
    proposal = look(content, Hints(), name)
    assert proposal.layout is not None, [doubt.text for doubt in proposal.doubts]
    file = StoredFile(f"/plant/{name}", len(content), "1", NOW)
    found: dict[str, str | None] = {}
    for batch in read_batches(file, opened(content), ReadOptions(layouts=(proposal.layout,), settle_seconds=0)):
        assert not batch.rejects
        units = batch.units or (None,) * len(batch.names)
        found |= {str(one): unit for one, unit in zip(batch.names, units, strict=True)}
    return found


@pytest.mark.parametrize("as_file", [as_csv, as_json, as_line_protocol])
@pytest.mark.parametrize("table", TABLES)
def test_files_of_parts_of_a_table_have_the_sensors_of_the_whole(
    table: str, as_file: Callable[[list[Row]], bytes]
) -> None:
    rows = TABLES[table]
    whole = sensors(as_file(rows), "file.dat")
    assert len(whole) == 4
    has_units = "unit" in rows[0] and as_file is not as_line_protocol
    assert sorted(map(str, whole.values())) == sorted([*METRICS.values()] * 2 if has_units else ["None"] * 4)
    device, metric = (next(name for name in names if name in rows[0]) for names in (
        ("device", "asset", "station_id", "instance"), ("metric", "parameter", "__name__")))  # fmt: skip
    for by in ((device,), (metric,), (device, metric)):
        parts = [sensors(as_file(part), "file.dat") for part in parted(rows, by)]
        # Each sensor is in one file alone, and is called there as in the whole.
        assert sum(map(len, parts)) == 4, by
        assert {name: unit for part in parts for name, unit in part.items()} == whole, by
