"""Speed of reading files by layouts, in one process, compared with the standard layout and pandas.

python -m tests.bench.layouts [--readings 1000000] [--rounds 5]

CPU seconds of the parser alone, from memory to batches of readings; the best of some rounds. Ratios within a run count.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from iotctl.formats import ReadOptions, read_batches
from iotctl.formats.layouts.layout import STANDARD, Form, Layout, TextLayout, TimeLayout, ValueLayout
from iotctl.model import StoredFile

COLUMNS, DEVICES = 50, 25
NAMES = [f"channel {number}" for number in range(COLUMNS)]
VALUES = tuple(ValueLayout(name) for name in NAMES)
START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """A file and its layout."""

    name: str
    content: bytes
    layout: Layout


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--readings", type=int, default=1_000_000)
    ask.add_argument("--rounds", type=int, default=5)
    given = ask.parse_args()
    print(f"{'file':38} {'M readings/s':>12} {'MB/s':>6}")
    for case in cases(given.readings):
        seconds = best(lambda case=case: read(case), given.rounds)  # type: ignore[misc]
        print(f"{case.name:38} {given.readings / seconds / 1e6:12.2f} {len(case.content) / seconds / 1e6:6.0f}")
    wide = wide_text(given.readings // COLUMNS, "%Y-%m-%d %H:%M:%S", ",")
    seconds = best(lambda: read_by_pandas(wide), max(1, given.rounds // 2))
    name = "wide, by pandas: read_csv, melt"
    print(f"{name:38} {given.readings / seconds / 1e6:12.2f} {len(wide) / seconds / 1e6:6.0f}")


def cases(readings: int) -> list[Case]:
    rows = readings // COLUMNS
    iso, german, american = "%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p"
    wide = TimeLayout(("time",), timezone="UTC")
    long = Layout(wide, sensor="{device}", values=(ValueLayout("value"),), text=TextLayout(delimiter=";"))
    uuids = {f"pump-{number}": f"efa4b573-e1b1-46b3-9e8a-0b303d2bb6{number:02}" for number in range(DEVICES)}
    standard = long_text(readings, iso, ";", "timestamp;sensor_uuid;sensor_value", uuids)
    head = "time;device;value"
    return [
        Case("standard", standard, STANDARD),
        Case("long, ISO", long_text(readings, iso, ";", head), long),
        Case(
            "long, 12-hour clock",
            long_text(readings, american, ";", head),
            replace(long, time=TimeLayout(("time",), american, "UTC")),
        ),
        Case("wide, ISO", wide_text(rows, iso, ","), Layout(wide, values=VALUES)),
        Case("wide, ISO, blank cells", wide_text(rows, iso, ",", blank_every=7), Layout(wide, values=VALUES)),
        Case(
            "wide, German",
            wide_text(rows, german, ";", decimal=","),
            Layout(TimeLayout(("time",), german, "UTC"), values=VALUES, text=TextLayout(delimiter=";", decimal=",")),
        ),
        Case(
            "wide, blanks",
            wide_text(rows, "%Y-%m-%dT%H:%M:%S", "  ", header=False),
            Layout(wide, values=VALUES, text=TextLayout(delimiter="blanks", header=False, columns=("time", *NAMES))),
        ),
        Case("JSON lines", json_text(readings), replace(long, form=Form.JSON)),
        Case(
            "line protocol",
            line_protocol(readings),
            replace(long, time=TimeLayout(("time",), "epoch-ns"), form=Form.LINE_PROTOCOL),
        ),
    ]


def read(case: Case) -> int:
    def open_at(offset: int) -> io.BytesIO:
        return io.BytesIO(case.content[offset:])

    file = StoredFile("a.csv", len(case.content), "v", START)
    return sum(len(batch.time) for batch in read_batches(file, open_at, ReadOptions(layouts=(case.layout,))))


def read_by_pandas(content: bytes) -> int:
    table = pd.read_csv(io.BytesIO(content), parse_dates=["time"])
    return len(table.melt("time").dropna())


def best(run: Callable[[], int], rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        begin = time.process_time()
        run()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def values(count: int) -> list[str]:
    return [str(value) for value in np.round(np.random.default_rng(1).normal(20, 5, count), 2).tolist()]


def wide_text(
    rows: int, form: str, sign: str, *, decimal: str = ".", blank_every: int = 0, header: bool = True
) -> bytes:
    cells = [text.replace(".", decimal) for text in values(rows * COLUMNS)]
    if blank_every:
        cells[::blank_every] = [""] * len(cells[::blank_every])
    lines = [sign.join(["time", *NAMES])] if header else []
    for row in range(rows):
        moment = START + timedelta(seconds=10 * row)
        lines.append(sign.join([moment.strftime(form), *cells[row * COLUMNS : (row + 1) * COLUMNS]]))
    return ("\n".join(lines) + "\n").encode()


def long_text(readings: int, form: str, sign: str, head: str, names: dict[str, str] | None = None) -> bytes:
    cells = values(readings)
    lines = [head]
    for number in range(readings):
        if number % DEVICES == 0:
            moment = (START + timedelta(seconds=number)).strftime(form)
        name = f"pump-{number % DEVICES}"
        lines.append(sign.join([moment, names[name] if names else name, cells[number]]))
    return ("\n".join(lines) + "\n").encode()


def json_text(readings: int) -> bytes:
    cells = values(readings)
    return "".join(
        f'{{"time": "{(START + timedelta(seconds=number)):%Y-%m-%dT%H:%M:%SZ}", "device": "pump-{number % DEVICES}",'
        f' "value": {cells[number]}}}\n'
        for number in range(readings)
    ).encode()


def line_protocol(readings: int) -> bytes:
    cells = values(readings)
    begin = int(START.timestamp())
    return "".join(
        f"plant,device=pump-{number % DEVICES} value={cells[number]} {begin + number}000000000\n"
        for number in range(readings)
    ).encode()


if __name__ == "__main__":
    main()
