"""If a file is ambiguous, inspect asks for an option, and never guesses."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from iotctl.errors import FileError
from iotctl.formats.proposal.proposal import Doubt, Hints, Proposal
from tests.formats.proposal.families import clock, comma, lines, values
from tests.formats.proposal.test_families import look

UTC = Hints(timezone="UTC")


def wanted(proposal: object) -> list[str]:
    """The options of the doubts that block a layout."""
    return [doubt.option for doubt in proposal.doubts if doubt.blocks]  # type: ignore[attr-defined]


def table(*rows: str, header: str = "time;value") -> bytes:
    return lines(header, *rows)


def test_day_and_month_that_cannot_be_told_apart_are_asked_for() -> None:
    content = table(*(f"0{day}/02/2021 10:00;{day}" for day in range(1, 8)))
    proposal = look(content, UTC)
    assert proposal.layout is None
    assert wanted(proposal) == ["--day-first or --month-first"]
    for day_first, format_ in ((True, "%d/%m/%Y %H:%M"), (False, "%m/%d/%Y %H:%M")):
        told = look(content, Hints(timezone="UTC", day_first=day_first))
        assert told.layout is not None
        assert told.layout.time.format == format_


def test_one_row_at_the_end_tells_day_and_month_apart() -> None:
    rows = [f"0{day}/02/2021 10:00;{day}" for day in range(1, 8)]
    proposal = look(table(*rows, "13/02/2021 10:00;1"), UTC)
    assert proposal.layout is not None
    assert proposal.layout.time.format == "%d/%m/%Y %H:%M"


def test_an_option_that_contradicts_the_file_is_not_obeyed() -> None:
    proposal = look(table("13/02/2021 10:00;1", "14/02/2021 10:00;2"), Hints(timezone="UTC", day_first=False))
    assert proposal.layout is None
    assert wanted(proposal) == ["--day-first"]


def test_a_comma_that_may_set_off_thousands_is_asked_for() -> None:
    rows = [f"{time:%Y-%m-%d %H:%M:%S};{comma(number, 3)}" for time, number in zip(clock(), values(1, 3), strict=True)]
    proposal = look(table(*rows), UTC)
    assert wanted(proposal) == ["--decimal point or --decimal comma"]
    told = look(table(*rows), Hints(timezone="UTC", decimal=","))
    assert told.layout is not None
    assert (told.layout.text.decimal, told.layout.text.thousands) == (",", "")
    told = look(table(*rows), Hints(timezone="UTC", decimal="."))
    assert told.layout is not None
    assert (told.layout.text.decimal, told.layout.text.thousands) == (".", ",")


def test_one_other_number_anywhere_tells_what_the_comma_is() -> None:
    rows = [f"{time:%Y-%m-%d %H:%M:%S};{comma(number, 3)}" for time, number in zip(clock(), values(1, 3), strict=True)]
    proposal = look(table(*rows, "2021-03-20 00:00:00;7,5"), UTC)
    assert proposal.layout is not None
    assert (proposal.layout.text.decimal, proposal.layout.text.thousands) == (",", "")


def test_signs_that_contradict_one_another_are_not_read() -> None:
    rows = [f"{time:%Y-%m-%d %H:%M:%S};{n:.1f};{comma(n, 1)}" for time, n in zip(clock(), values(1), strict=True)]
    proposal = look(table(*rows, header="time;a;b"), UTC)
    assert proposal.layout is None


@pytest.mark.parametrize(("mark", "far"), [("-999", True), ("-9999.0", True), ("9999", True), ("-999", False)])
def test_a_number_that_looks_like_a_mark_is_named_where_it_stands_far_outside(mark: str, far: bool) -> None:
    middle = 20.0 if far else -990.0
    cells = [str(number) for number in values(1, 1, middle)]
    cells[7] = mark
    rows = [f"{time:%Y-%m-%d %H:%M:%S};{cell}" for time, cell in zip(clock(), cells, strict=True)]
    proposal = look(table(*rows), UTC)
    assert [doubt.option for doubt in proposal.doubts] == ([f"--null={mark}"] if far else [])
    assert proposal.layout is not None
    assert proposal.layout.missing == ()
    told = look(table(*rows), Hints(timezone="UTC", nulls=(mark,)))
    assert told.doubts == ()
    assert told.layout is not None
    assert told.layout.missing == (mark,)


def test_cells_of_several_units_are_not_read_as_one() -> None:
    rows = [
        f"{time:%Y-%m-%d %H:%M:%S};{n} {'kW' if n > 20 else 'W'}" for time, n in zip(clock(), values(1), strict=True)
    ]
    assert look(table(*rows), UTC).layout is None


def test_rows_that_repeat_the_time_raise_a_doubt() -> None:
    rows = [f"{time:%Y-%m-%d %H:%M:%S};{a};{b}" for time in clock() for a, b in (("idle", 1), ("busy", 2))]
    proposal = look(table(*rows, header="time;mode;temperature"), UTC)
    assert proposal.layout is not None
    assert "{mode}" in proposal.layout.sensor
    rows = [f"{time:%Y-%m-%d %H:%M:%S};{number}" for time in clock() for number in (1, 2)]
    assert any("repeat" in doubt.text for doubt in look(table(*rows), UTC).doubts)


def test_columns_named_by_times_of_day_get_no_layout() -> None:
    rows = [f"4102,202101{day:02},{day},{day + 1},{day + 2},A" for day in range(1, 29)]
    assert look(lines("NMI,Date,00:00,00:30,01:00,Quality", *rows), UTC).layout is None


def test_the_zone_that_the_file_names_goes_before_the_one_that_is_told() -> None:
    rows = [f"{time:%m/%d/%y %H:%M:%S},{number}" for time, number in zip(clock(), values(1), strict=True)]
    proposal = look(lines('"Date Time, GMT-05:00","Temp, °C"', *rows), UTC)
    assert proposal.layout is not None
    assert proposal.layout.time.timezone == "-05:00"
    assert any("-05:00" in note.text for note in proposal.notes)


def test_a_file_without_times_or_without_numbers_gets_no_layout() -> None:
    assert look(lines("a,b", *(f"{n},x{n}" for n in range(9))), UTC).layout is None
    assert look(lines("time,b", *(f"2021-01-0{n} 00:00,x{n}" for n in range(1, 9))), UTC).layout is None
    with pytest.raises(FileError):
        look(b"", UTC)
    with pytest.raises(FileError):
        look(b"just a line of text\n", UTC)


def test_a_pattern_that_names_no_field_is_refused() -> None:
    content = table(*(f"2021-01-0{n} 00:00;{n}" for n in range(1, 9)))
    assert look(content, Hints(timezone="UTC", sensor="{device}.{field}")).layout is None
    told = look(content, Hints(timezone="UTC", sensor="boiler"))
    assert told.layout is not None
    assert told.layout.sensor == "boiler"


def test_a_standard_file_needs_no_layout() -> None:
    row = "2016-01-01 00:00:00;00000000-0000-0000-0000-000000000001;1.5"
    proposal = look(lines("timestamp;sensor_uuid;sensor_value", row), Hints())
    assert proposal.standard
    assert proposal.doubts == ()


def test_columns_that_are_no_measurements_are_left_out_with_the_reason() -> None:
    rows = [
        f"{row},{time:%Y-%m-%dT%H:%M:%SZ},48.77,9.23,pump,{number},true,eor"
        for row, (time, number) in enumerate(zip(clock(), values(1), strict=True))
    ]
    proposal = look(lines("entry_id,time,lat,lon,device,temp,running,eor", *rows), Hints())
    assert proposal.layout is not None
    assert [value.field for value in proposal.layout.values] == ["temp"]
    assert set(proposal.left_out) == {"entry_id", "lat", "lon", "running", "eor"}
    roles = {column.name: column.role for column in proposal.columns}
    assert (roles["time"], roles["device"], roles["temp"]) == ("time", "sensor", "value")
    assert roles["lat"] == "coordinate"


def test_a_large_file_is_looked_at_from_all_over() -> None:
    rows = [f"0{1 + row % 9}/02/2021 10:00:{row % 60:02};{row % 100}" for row in range(400_000)]
    # Only one row of the second half shows that the day is first.
    middle = [f"2{row % 9}/02/2021 10:00:00;5" for row in range(20_000)]
    content = table(*rows, *middle, *rows)
    proposal = look(content, UTC)
    assert not proposal.complete
    assert proposal.layout is not None
    assert proposal.layout.time.format.startswith("%d/%m")


@pytest.mark.parametrize("apart", [12.0, 0.0])
def test_texts_by_which_the_values_differ_may_name_sensors_and_are_asked_for(apart: float) -> None:
    rows = [
        f"2021-02-01 {at // 60:02}:{at % 60:02};{('00:0f:71', '1c:bf:ce')[at % 2]}"
        f";{20 + apart * (at % 2) + at % 7 / 10};{at % 5 + 0.5}"
        for at in range(80)
    ]
    content = table(*rows, header="Col1;Col2;Col3;Col4")
    asked = [option for option in wanted(look(content, UTC)) if "sensor" in option]
    assert asked == (["--sensor '{Col2}.{field}' or --sensor '{field}'"] if apart else [])
    told = look(content, Hints(timezone="UTC", sensor="{Col2}.{field}"))
    assert told.layout is not None
    assert told.layout.sensor == "{Col2}.{field}"


def test_a_meter_that_rises_by_one_in_each_row_is_a_value() -> None:
    proposal = look(
        table(*(f"2021-02-01 10:{at:02};{500 + at};{40 + at}" for at in range(40)), header="time;RECORD;Pulses"), UTC
    )
    assert proposal.layout is not None
    assert [value.field for value in proposal.layout.values] == ["Pulses"]
    assert "RECORD" in proposal.left_out


def notes(proposal: Proposal) -> str:
    return "\n".join(f"{doubt.text} -> {doubt.option}" for doubt in proposal.notes)


def long_table(header: str, row: Callable[[datetime, str, int], str]) -> bytes:
    """Rows of two sensors, by turns, in UTC from an hour before the autumn change of 2023 on."""
    rows = []
    for step in range(20):
        moment = datetime(2023, 10, 28, 23, 0, tzinfo=ZoneInfo("UTC")) + timedelta(minutes=15 * step)
        rows += [row(moment, sensor, step) for sensor in ("T1", "P1")]
    return lines(header, *rows)


def test_of_two_times_the_source_s_is_taken_and_the_other_is_told() -> None:
    def row(moment: datetime, sensor: str, step: int) -> str:
        # The server's times are in order; those of the source are not, as its sensors are not read together.
        source, server = moment - timedelta(seconds=3 + step % 2, milliseconds=700 * (sensor == "P1")), moment
        return f"{source:%Y-%m-%dT%H:%M:%S.%f}Z;{server:%Y-%m-%dT%H:%M:%S}Z;{sensor};{step}.5"

    for header in ("SourceTimestamp;ServerTimestamp;Node;Value", "Time;Received;Node;Value"):
        proposal = look(long_table(header, row), Hints())
        assert proposal.layout is not None
        first, second = header.split(";")[:2]
        assert proposal.layout.time.fields == (first,)
        assert f"{second}: another time; {first} is used" in notes(proposal)


def test_the_hour_that_comes_twice_is_no_doubt_about_sensors() -> None:
    def row(moment: datetime, sensor: str, step: int) -> str:
        return f"{moment.astimezone(ZoneInfo('Europe/Berlin')):%d.%m.%Y %H:%M};{sensor};{step}.5"

    content = long_table("Time;Sensor;Value", row)
    assert not look(content, Hints(timezone="Europe/Berlin")).doubts
    (doubt,) = look(content, Hints(timezone="+01:00")).doubts
    assert "20% of the rows repeat the time" in doubt.text


def test_repeats_beside_the_hour_that_comes_twice_stay_a_doubt() -> None:
    def row(moment: datetime, sensor: str, step: int) -> str:
        local = moment.astimezone(ZoneInfo("Europe/Berlin"))
        return "\n".join(f"{local:%d.%m.%Y %H:%M};{sensor};{step}.{extra}" for extra in (1, 2))

    (doubt,) = look(long_table("Time;Sensor;Value", row), Hints(timezone="Europe/Berlin")).doubts
    assert "50% of the rows repeat the time" in doubt.text


def test_times_that_a_zone_tells_apart_are_no_repeats() -> None:
    def row(moment: datetime, sensor: str, step: int) -> str:
        local = moment.astimezone(ZoneInfo("Europe/Berlin"))
        return f"{local:%d.%m.%Y %H:%M};{local.tzname()};{sensor};{step}.5"

    proposal = look(long_table("Time;TZ;Sensor;Value", row), Hints())
    assert proposal.layout is not None
    assert proposal.layout.time.timezone_field == "TZ"
    assert not proposal.doubts


@pytest.mark.parametrize(
    ("units", "doubt"),
    [
        (("kWh", "kWh", "kWh"), ""),
        (("°C", "°C", "bar"), ""),
        (("°C", "°F", "bar"), "readings of one sensor have several units in Unit: °C, bar, °F"),
    ],
)
def test_units_in_a_column_are_taken_and_told_where_one_sensor_has_several(
    units: tuple[str, str, str], doubt: str
) -> None:
    def row(moment: datetime, sensor: str, step: int) -> str:
        own = units[2] if sensor == "P1" else units[0] if step < 15 else units[1]
        return f"{moment:%Y-%m-%dT%H:%M}Z;{sensor};{step}.5;{own}"

    proposal = look(long_table("Time;Sensor;Value;Unit", row), Hints())
    assert proposal.layout is not None
    assert [(value.unit, value.unit_field) for value in proposal.layout.values] == [(None, "Unit")]
    assert not notes(proposal)
    assert [found.text for found in proposal.doubts] == ([doubt] if doubt else [])


def test_a_column_of_units_beside_two_values_is_told() -> None:
    def row(moment: datetime, sensor: str, step: int) -> str:
        return f"{moment:%Y-%m-%dT%H:%M}Z;{sensor};{step}.5;{step + 3}.25;kW"

    proposal = look(long_table("Time;Sensor;In;Out;Unit", row), Hints())
    assert proposal.layout is not None
    assert {value.unit_field for value in proposal.layout.values} == {None}
    assert "Unit has the units (kW), and readings are loaded without them" in notes(proposal)
    assert "unit_field" in notes(proposal)


def test_a_unit_in_the_cells_goes_before_what_is_in_brackets_in_the_name() -> None:
    rows = [f"{time:%Y-%m-%dT%H:%M}Z;{comma(value, 1)} °C" for time, value in zip(clock(), values(1, 1), strict=True)]
    proposal = look(lines("Zeit;1 [Temperatur]", *rows), Hints())
    assert proposal.layout is not None
    (value,) = proposal.layout.values
    assert (value.field, value.name, value.unit) == ("1 [Temperatur]", None, "°C")


def test_times_of_day_without_a_date_say_where_it_can_be_taken_from() -> None:
    (doubt,) = look(table(*(f"{hour:02}:00;{hour}.5" for hour in range(24))), UTC).doubts
    assert doubt.text.startswith("time has times of day, and no column has the date")
    assert "[path]" in doubt.option


POINTS = [[f"{time:%Y-%m-%dT%H:%M:%SZ}", number] for time, number in zip(clock(), values(1, 2), strict=True)]


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"data": {"result": [{"metric": {"room": room}, "values": POINTS} for room in "ab"]}}, "values"),
        (
            {"results": [{"id": 0, "series": [{"name": "cpu", "columns": ["time", "value"], "values": POINTS}]}]},
            "series",
        ),
        ([{"target": "a.b", "datapoints": POINTS}], "datapoints"),
        ({"device": "a", "body": {"points": [{"at": at, "value": value} for at, value in POINTS]}}, "body.points"),
        ({"device": "a", "wave": [1, 2, 3]}, "wave"),
    ],
)
def test_readings_in_arrays_within_records_are_named_where_there_is_no_time(document: object, named: str) -> None:
    text = json.dumps(document)
    if isinstance(document, dict) and "device" in document:
        text = f"{text}\n{text}"  # one object per line
    proposal = look(text.encode(), UTC)
    assert proposal.layout is None
    (doubt,) = [one for one in proposal.doubts if one.blocks]
    assert doubt.text == f"no column is a time; arrays within the records are not read: {named}"
    assert "Arrays within records" in doubt.option
    assert doubt.choices == ()


@pytest.mark.parametrize("indent", [None, 1])
def test_the_records_of_a_large_document_are_found_by_their_path(indent: int | None) -> None:
    rows = [{"time": f"2024-01-01T00:00:{number % 60:02}Z", "value": number, "tag": "[{"} for number in range(120_000)]
    large = look(json.dumps({"meta": {"of": ["a", "b"]}, "data": {"rows": rows}}, indent=indent).encode(), UTC)
    assert large.layout is not None
    assert (large.complete, large.layout.records) == (False, "data.rows")
    points, names = POINTS * 75, [str(number) for number in range(60)]
    for document, named in (
        ({"data": {"result": [{"metric": {"room": room}, "values": points} for room in names]}}, "values"),
        ([{"target": target, "datapoints": points} for target in names], "datapoints"),
    ):
        (doubt,) = [one for one in look(json.dumps(document, indent=indent).encode(), UTC).doubts if one.blocks]
        assert doubt.text == f"no column is a time; arrays within the records are not read: {named}"


def test_an_array_beside_the_readings_is_noted() -> None:
    rows = [json.dumps({"time": time, "value": value, "extra": [{"a": 1}]}) for time, value in POINTS]
    proposal = look("\n".join(rows).encode(), UTC)
    assert proposal.layout is not None
    assert "arrays within the records are not read: extra" in [note.text for note in proposal.notes]


def test_choices_are_options_alone() -> None:
    assert Doubt("", "--day-first or --month-first").choices == ("--day-first", "--month-first")
    assert Doubt("", "--sensor '{a}' or --sensor '{field}'").choices == ("--sensor '{a}'", "--sensor '{field}'")
    for option in ("", "since in the layout", "[path] and [time] fields in a layout", "--day-first or format = '%d'"):
        assert Doubt("", option).choices == ()
