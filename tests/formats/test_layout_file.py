"""Errors of a layout file have the line and the key."""

from __future__ import annotations

import pytest

from iotctl.errors import FileError
from iotctl.formats.layouts.layout_file import read_layouts

GOOD = """sensor = "{device}.{field}"

[time]
fields = ["time"]

[[values]]
field = "a"

[[values]]
field = "b"
"""


def test_a_layout_file_without_faults_is_read() -> None:
    (layout,) = read_layouts(GOOD, "layout.toml")
    assert [value.field for value in layout.values] == ["a", "b"]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("[time]", "[time", 3, "This is not TOML"),
        ("sensor =", "sensr =", 1, "sensr is not a key of a layout"),
        ("sensor =", 'form = "xml"\nsensor =', 1, "form is not one of csv, json, json-series"),
        ("fields =", "feilds =", 4, "time.feilds is not a key of a layout"),
        ('fields = ["time"]', 'fields = "time"', 4, "time.fields must be a list"),
        ('fields = ["time"]', "fields = []", 4, "time.fields names no field"),
        ('fields = ["time"]', 'fields = ["time"]\nformat = "%H:%M"', 5, "time.format cannot be used"),
        ('fields = ["time"]', 'fields = ["time"]\ntimezone = "Mars/Base"', 5, "no time zone 'Mars/Base'"),
        ('fields = ["time"]\n', "", 3, "time.fields is missing"),
        ('field = "b"', 'field = "b"\nscale = "ten"', 11, "values.2.scale"),
        ('field = "b"', 'field = "b"\nscale = 0', 11, "values.2.scale must not be 0"),
        ('field = "b"', 'field = "a"', 10, "gives the name 'a' a second time"),
        ("{device}.{field}", "{device}", 1, "sensor lacks {field}"),
        ("[time]", '[text]\ndelimiter = ";;"\n[time]', 4, "text.delimiter is ';;'"),
        ("[time]", '[text]\ndecimal = "x"\n[time]', 4, "text.decimal"),
        ("[time]", '[text]\nencoding = "utf-99"\n[time]', 4, "text.encoding"),
        ("[time]", "[text]\nheader = false\n[time]", 3, "text.columns are needed"),
        ("[time]", "[text]\nskip_until = '('\n[time]", 4, "text.skip_until is not a regular expression"),
        ("[time]", "[path]\nx = 'y'\n[time]", 4, "path.x has no group"),
        ("[time]", '[quality]\nfield = "q"\ngood = []\n[time]', 5, "quality.good is empty"),
    ],
)
def test_a_fault_is_told_with_its_line(old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    with pytest.raises(FileError) as error:
        read_layouts(GOOD.replace(old, new, 1), "layout.toml")
    assert says in error.value.message
    where = f"{error.value.where} {error.value.message}"
    assert f"line {line}" in where


def test_a_fault_in_one_of_several_layouts_is_told_with_its_line() -> None:
    text = '[[layout]]\ntime.fields = ["t"]\nother_values = true\n\n[[layout]]\ntime.fields = ["t"]\nform = "x"\n'
    with pytest.raises(FileError) as error:
        read_layouts(text, "layout.toml")
    assert error.value.where == "layout.toml, line 7"


def test_keys_beside_several_layouts_are_refused() -> None:
    with pytest.raises(FileError, match="must be in one of them"):
        read_layouts('form = "csv"\n[[layout]]\ntime.fields = ["t"]\nother_values = true\n', "layout.toml")
