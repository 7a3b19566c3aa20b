"""JSON beyond plain lines; expected values are written by hand or come from json.loads."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from iotctl.errors import FileError, UnfinishedFileError
from iotctl.formats.layouts.layout import Form, Layout, TimeLayout, ValueLayout
from iotctl.formats.options import ReadOptions
from iotctl.formats.records.forms import read_records
from iotctl.formats.records.json_objects import JsonObjects
from iotctl.formats.records.records import RecordFile, Records
from iotctl.model import Position, StoredFile

NOW = datetime(2020, 1, 1, tzinfo=UTC)
ALL = Layout(TimeLayout(()), form=Form.JSON, sensor="", other_values=True)


def wanting(*fields: str, records: str = "") -> Layout:
    return Layout(
        TimeLayout(()), form=Form.JSON, records=records, sensor="{field}", values=tuple(map(ValueLayout, fields))
    )


def pieces(content: bytes | str, layout: Layout = ALL, *, settled: bool = True, **options: Any) -> Iterator[Records]:
    stored = content.encode() if isinstance(content, str) else content
    file = StoredFile("a.json", len(stored), "1", NOW, NOW + timedelta(days=settled))
    source = RecordFile(file, lambda at: io.BytesIO(stored[at:]), layout, ReadOptions(**options), Position())
    return read_records(source)


def columns(content: bytes | str, layout: Layout = ALL, **options: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    count = 0
    for piece in pieces(content, layout, **options):
        for name, column in piece.columns.items():
            found.setdefault(name, [None] * count).extend(column.to_pylist())
        count += len(piece.line)
        for values in found.values():
            values += [None] * (count - len(values))
    return found


def test_texts_that_look_like_times_or_numbers_stay_texts() -> None:
    assert columns('{"a": "2020-01-01T00:00:00Z", "b": "12", "c": "2020-01-01"}\n') == {
        "a": ["2020-01-01T00:00:00Z"],
        "b": ["12"],
        "c": ["2020-01-01"],
    }


def test_integers_are_exact_and_booleans_are_none() -> None:
    numbers = [2**53 + 1, 1668560400000000001, -(2**63), 2**63 - 1]
    content = "".join(json.dumps({"n": number, "ok": number > 0}) + "\n" for number in numbers)
    assert columns(content) == {"n": numbers, "ok": [True, True, False, True]}
    assert columns(content + '{"n": 18446744073709551615}\n')["n"][-1] == float(2**64)


def test_numbers_among_texts_keep_what_is_written() -> None:
    content = '{"v": 1.20}\n{"v": "unavailable"}\n{"v": null}\n{"v": 7}\n{"v": true}\n'
    assert columns(content) == {"v": ["1.20", "unavailable", None, "7", "true"]}


def test_a_number_that_names_a_sensor_is_as_it_is_written() -> None:
    layout = replace(wanting("v"), sensor="{id}")
    assert columns('{"id": 7, "v": 1}\n{"id": 7.50, "v": 1}\n', layout)["id"] == ["7", "7.50"]


def test_numbers_that_are_not_finite_are_numbers() -> None:
    found = columns('{"v": NaN}\n{"v": Infinity}\n{"v": -Infinity}\n{"v": 1e999}\n{"v": 1.5}\n')["v"]
    assert [str(value) for value in found] == ["nan", "inf", "-inf", "inf", "1.5"]


def test_a_key_with_a_dot_and_a_nested_key_are_the_same_field() -> None:
    content = '{"a.b": 1}\n{"a": {"b": 2}}\n{"a": {"b": 3, "c.d": {"e": 4}}}\n'
    assert columns(content, wanting("a.b", "a.c.d.e")) == {"a.b": [1, 2, 3], "a.c.d.e": [None, None, 4]}
    assert columns(content, ALL) == {"a.b": [1, 2, 3], "a.c.d.e": [None, None, 4]}


def test_elements_of_an_array_are_fields_where_they_are_asked_for() -> None:
    content = '{"v": [1, {"x": 2}], "w": 3}\n{"v": [4], "w": 5}\n'
    assert columns(content, wanting("v.0", "v.1.x", "w")) == {"v.0": [1, 4], "v.1.x": [2, None], "w": [3, 5]}
    assert columns(content, ALL) == {"w": [3, 5]}


def test_a_field_that_comes_late_or_changes_its_kind_is_read_from_there_on() -> None:
    lines: list[dict[str, Any]] = [{"t": row} for row in range(5000)]
    lines += [{"t": row, "late": row + 0.5} for row in range(5000, 10_000)]
    lines += [{"t": float(row), "late": "x"} for row in range(10_000, 10_010)]
    content = "".join(json.dumps(line) + "\n" for line in lines)
    for block_bytes in (1000, 50_000, 8_000_000):
        found = columns(content, wanting("t", "late"), block_bytes=block_bytes)
        assert [float(value) for value in found["t"]] == [line["t"] for line in lines]
        expected = [str(line.get("late")) for line in lines]
        assert [str(value) for value in found["late"]] == expected


def test_lines_read_as_a_whole_and_one_by_one_are_the_same() -> None:
    noise, as_a_whole = random.Random(4), 0

    def value(depth: int = 0) -> Any:
        leaves: list[Any] = [1, 2**60, -0.5, 1e300, "x", "é", '"}', "2020-01-01", True, None, [], [1, "a"]]
        return {key: value(depth + 1) for key in "ab"} if depth < 2 and noise.random() < 0.3 else noise.choice(leaves)

    for _ in range(300):
        kinds = {key: value() for key in "xyz"}
        lines = [{key: kinds[key] for key in "xyz" if noise.random() < 0.9} for _ in range(5)]
        data = "".join(json.dumps(line, ensure_ascii=noise.random() < 0.5) + "\n" for line in lines).encode()
        for fields in (None, ("x", "y.a", "z.b.a")):
            reader = JsonObjects(fields)
            reader._careful(data, 1)
            fast = reader._whole(data, 1)
            if fast is None:
                continue
            as_a_whole += 1
            careful = reader._careful(data, 1)
            names = fields or [*fast.columns, *careful.columns]
            nothing = [None] * len(lines)
            for name in names:
                left, right = (
                    found.columns[name].to_pylist() if name in found.columns else nothing for found in (fast, careful)
                )
                assert left == right, (name, data)
    assert as_a_whole > 100


@pytest.mark.parametrize("text", ['[{"v": 1},{"v": 2}, {"v": 3}]', '[[{"v": 1}], [{"v": 2}, {"v": 3}], []]\n'])
@pytest.mark.parametrize("block_bytes", [1, 7, 1000])
def test_arrays_in_an_array_are_passed_through(text: str, block_bytes: int) -> None:
    assert columns(text, block_bytes=block_bytes) == {"v": [1, 2, 3]}


@pytest.mark.parametrize("between", ["", " ", "\n"])
def test_objects_one_behind_the_other_are_read(between: str) -> None:
    objects = (json.dumps({"v": row, "t": "}{"}) for row in range(5))
    assert columns(between.join(objects))["v"] == [0, 1, 2, 3, 4]


def test_an_object_of_arrays_is_a_record_for_each_place() -> None:
    text = '{"latitude": 52.5, "hourly": {"time": ["a", "b"], "t": [1.5, null], "n": [1, 2]}}'
    assert columns(text, wanting("time", "t", "n", records="hourly")) == {
        "time": ["a", "b"],
        "t": [1.5, None],
        "n": [1, 2],
    }
    with pytest.raises(FileError, match="different lengths: time 1, t 2"):
        columns('{"h": {"time": ["a"], "t": [1, 2]}}', wanting("t", records="h"))


@pytest.mark.parametrize(
    ("text", "records", "said"),
    [
        ('{"rows": 5}', "rows", "no array of objects at rows"),
        ('{"other": []}', "rows", "no array of objects at rows"),
        ('{"rows": [{"v": 1}, 5]}', "rows", "something other than objects"),
        ('{"rows": [{"v": 1}}}', "rows", "something other than objects"),
        ('[{"v": 1}} , {"v": 2}]', "", "something other than objects"),
        ('{"rows": [{"v": 1}]}\n{"rows": [{"v": 2}]}\n', "rows", "more than one JSON document"),
        ('{"rows": [{"v": 1}, {"v": ', "rows", "ends within its records"),
        ('{"rows": [{"v": 1},', "rows", "ends within its records"),
        ('{"rows": ', "rows", "ends before the array"),
        ('{\n "v": 1\n}\n', "", "one JSON object over many lines"),
    ],
)
def test_a_document_that_is_not_as_its_layout_says_is_an_error_and_no_loss_in_silence(
    text: str, records: str, said: str
) -> None:
    with pytest.raises(FileError, match=said):
        columns(text, wanting("v", records=records))


@pytest.mark.parametrize("text", ['{"rows": [{"v": 1}, {"v": ', '{"rows": [{"v": 1}', '{"ro'])
def test_an_array_that_may_still_be_being_written_is_unfinished(text: str) -> None:
    found: list[Records] = []
    with pytest.raises(UnfinishedFileError):
        found.extend(pieces(text, wanting("v", records="rows"), settled=False))
    assert sum(len(piece.line) for piece in found) == text.count("}")


def test_what_is_around_the_array_is_passed_over() -> None:
    text = '{"a": {"rows": [{"v": 9}]}, "b": "[{", "rows": [{"v": 1}, {"v": 2}], "c": [{"d": "}]"}], "e": 1e5}\n\n'
    assert columns(text, wanting("v", records="rows")) == {"v": [1, 2]}
    assert columns(text, wanting("v", records="a.rows")) == {"v": [9]}


def test_values_of_a_series_may_be_infinite_or_beyond_what_float64_counts_but_no_texts() -> None:
    layout = Layout(TimeLayout(("timestamp",)), form=Form.JSON_SERIES, values=(ValueLayout("value"),))
    lines = ['[1,"Infinity","-Infinity",null,"NaN"]', f"[{2**53 + 1},1]", '["1"]', "[true]", "[1e999]"]
    text = "".join(
        f'{{"metric":{{}},"values":{line},"timestamps":{list(range(len(json.loads(line))))}}}\n' for line in lines
    )
    (piece,) = pieces(text, layout)
    found = [str(value) for value in piece.columns["value"].to_pylist()]
    assert found == ["1.0", "inf", "-inf", "None", "nan", str(float(2**53 + 1)), "1.0", "inf"]
    assert piece.bad.line.tolist() == [3, 4]


def test_a_block_of_an_array_that_is_read_in_pieces_has_the_end_of_each() -> None:
    rows = [{"v": row, "text": "x" * 100} for row in range(10_000)]
    rows[4000]["v"] = "broken"
    text = json.dumps(rows)
    layout = wanting("v")
    found = list(pieces(text, layout))
    assert len(found) > 3
    for number, piece in enumerate(found):
        stored = text.encode()
        file = StoredFile("a.json", len(stored), "1", NOW, NOW + timedelta(days=1))
        start = Position(piece.end, piece.next_line)
        source = RecordFile(file, lambda at: io.BytesIO(stored[at:]), layout, ReadOptions(), start)  # noqa: B023
        rest = [line for one in read_records(source) for line in one.line.tolist()]
        assert rest == [line for one in found[number + 1 :] for line in one.line.tolist()]
