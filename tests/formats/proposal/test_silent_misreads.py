"""A warning is given where a file could be misread silently."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from iotctl.formats.proposal.proposal import Hints, Proposal
from tests.formats.proposal.families import clock, lines, values
from tests.formats.proposal.test_families import look
from tests.formats.test_xlsx import workbook

UTC = Hints(timezone="UTC")


def told(proposal: Proposal) -> str:
    return "\n".join(f"{doubt.text} -> {doubt.option}" for doubt in proposal.doubts)


@pytest.mark.parametrize(("sign", "in_doubt"), [("-", True), ("/", True), (".", False)])
def test_a_year_of_two_digits_that_may_be_in_front_is_told(sign: str, in_doubt: bool) -> None:
    rows = [f"{time:%d{sign}%m{sign}%y %H:%M:%S};{x}" for time, x in zip(clock(rows=9), values(1, rows=9), strict=True)]
    assert ("first number" in told(look(lines("time;value", *rows), UTC))) is in_doubt
    days = [f"{datetime(2021, 3, 5) + timedelta(days=day):%d{sign}%m{sign}%y};{day}" for day in range(20)]
    assert "first number" not in told(look(lines("date;value", *days), UTC))


def column_of(cells: list[str], name: str = "value") -> bytes:
    times = clock(rows=len(cells))
    return lines(f"time;{name}", *(f"{time:%Y-%m-%d %H:%M:%S};{cell}" for time, cell in zip(times, cells, strict=True)))


@pytest.mark.parametrize("mark", ["K", "*", "M", "E"])
def test_a_mark_behind_some_numbers_is_told_and_no_unit(mark: str) -> None:
    cells = [f"{x}{mark if row % 4 == 3 else ''}" for row, x in enumerate(values(1))]
    proposal = look(column_of(cells), UTC)
    assert f"{mark} follows 15 numbers of value" in told(proposal)
    assert proposal.layout is not None
    assert proposal.layout.values[0].unit is None


@pytest.mark.parametrize("unit", ["°C", "kWh", "mbar"])
def test_a_unit_that_some_cells_lack_is_no_mark(unit: str) -> None:
    cells = [f"{x} {unit if row % 4 == 3 else ''}".strip() for row, x in enumerate(values(1))]
    proposal = look(column_of(cells), UTC)
    assert proposal.doubts == ()
    assert proposal.layout is not None
    assert proposal.layout.values[0].unit == unit


def test_numbers_that_are_written_in_a_form_that_is_not_read_are_told() -> None:
    cells = [f"({x})" if row % 5 == 4 else str(x) for row, x in enumerate(values(1))]
    assert "12 cells of value will be rejected: (" in told(look(column_of(cells), UTC))
    assert look(column_of(["1.2.3", *map(str, values(1))]), UTC).doubts == ()


@pytest.mark.parametrize("names", [[f"H{hour:02}" for hour in range(1, 25)], [str(hour) for hour in range(24)], []])
def test_hours_of_a_day_side_by_side_get_no_layout(names: list[str]) -> None:
    days = [datetime(2021, 3, 4) + timedelta(days=day) for day in range(20)]
    rows = [f"{day:%Y-%m-%d}," + ",".join(map(str, values(day.day, rows=24))) for day in days]
    content = lines(*([",".join(["Date", *names])] if names else []), *rows)
    assert "side by side" in told(look(content, UTC))


def test_a_day_with_some_numbered_values_has_none_side_by_side() -> None:
    rows = [
        f"{datetime(2021, 3, 4) + timedelta(days=day):%Y-%m-%d},{day * 7 % 5},{day % 3},{day % 4}" for day in range(20)
    ]
    assert look(lines("Date,T1,T2,T3", *rows), UTC).layout is not None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("<STATION>12</STATION><SENSOR>10</SENSOR>", "<STATION>12</STATION><SENSOR>20</SENSOR>"),
        ("#REXCHANGE576.W|*|CUNITcm|*|", "#REXCHANGE576.Q|*|CUNITm3/s|*|"),
        ("# sensor: S0", "# sensor: S1"),
        ("time;temp;rh", "time;rh;temp"),
        ("time;temp;rh", "time;flow;level"),
    ],
)
def test_another_table_in_the_middle_of_a_file_is_told(first: str, second: str) -> None:
    rows = [f"{time:%Y-%m-%d %H:%M:%S};{x};{x + 30:.2f}" for time, x in zip(clock(), values(1), strict=True)]
    assert "another table" in told(look(lines(first, *rows[:30], second, *rows[30:]), UTC))
    assert "another table" not in told(look(lines(first, *rows[:30], first, *rows[30:]), UTC))
    assert "another table" not in told(look(lines(first, *rows, "# end of the data"), UTC))


def test_arrays_that_are_not_read_are_told() -> None:
    def array(seed: float) -> list[dict[str, object]]:
        return [{"ts": int(time.timestamp()) * 1000, "value": x} for time, x in zip(clock(), values(seed), strict=True)]

    answer = {"temperature": array(1), "humidity": array(2), "devices": [{"name": "boiler"}]}
    assert "humidity: arrays with the same fields" in told(look(json.dumps(answer).encode(), Hints(), "keys.json"))
    answer = {"temperature": array(1), "devices": [{"name": "boiler"}]}
    assert look(json.dumps(answer).encode(), Hints(), "keys.json").doubts == ()


@pytest.mark.parametrize(
    ("marks", "good"),
    [
        (("Good NoAlarm", "Bad"), "Good NoAlarm"),
        (("{ok}", "{fault}"), "{ok}"),
        (("Good [Non-Specific]", "Uncertain [Last Usable]"), "Good [Non-Specific]"),
        (("GoodNonCritical", "BadCommFailure"), "GoodNonCritical"),
        (("0", "2147549184"), "0"),
    ],
)
def test_ratings_with_a_reason_are_understood(marks: tuple[str, str], good: str) -> None:
    pairs = enumerate(zip(clock(), values(1), strict=True))
    rows = [f"{time:%Y-%m-%d %H:%M:%S};{x};{marks[row % 9 == 8]}" for row, (time, x) in pairs]
    proposal = look(lines("time;value;StatusCode", *rows), UTC)
    assert proposal.layout is not None
    assert proposal.layout.quality is not None
    assert proposal.layout.quality.good == (good,)


def test_a_number_of_good_parts_is_a_value() -> None:
    proposal = look(column_of([str(row // 2) for row in range(60)], "Good Parts"), UTC)
    assert proposal.layout is not None
    assert [value.field for value in proposal.layout.values] == ["Good Parts"]


def test_milliseconds_that_are_not_read_are_told() -> None:
    rows = [f"{time:%Y-%m-%d %H:%M:%S};{row % 2 * 50};{row % 7}" for row, time in enumerate(clock())]
    assert "ms has milliseconds" in told(look(lines("time;ms;value", *rows), UTC))
    rows = [f"{time:%Y-%m-%d %H:%M:%S};0;{row % 7}" for row, time in enumerate(clock())]
    assert look(lines("time;ms;value", *rows), UTC).doubts == ()


def test_sheets_that_are_not_read_are_told() -> None:
    rows: list[list[object]] = [["Time", "Temp"], *([time, x] for time, x in zip(clock(), values(1), strict=True))]
    told_of = told(look(workbook(*rows, further={"Boiler 2": rows, "Notes": [["nothing"]]}), UTC, "boiler.xlsx"))
    assert "Boiler 2: sheets with tables, which are not read" in told_of
    assert "Notes" not in told_of
    assert look(workbook(*rows, further={"Sheet2": []}), UTC, "boiler.xlsx").doubts == ()
