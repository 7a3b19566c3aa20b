"""A layout as TOML: the written text is read as the same layout."""

from __future__ import annotations

import tomllib
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from iotctl.formats.layouts.layout import (
    STANDARD,
    Form,
    Layout,
    QualityLayout,
    TextLayout,
    TimeLayout,
    ValueLayout,
)
from iotctl.formats.layouts.layout_file import read_layouts
from iotctl.formats.layouts.layout_text import layout_toml
from iotctl.sensor_ids import normal_name

# A lone surrogate is no text; everything else may stand in a column's name.
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
maybe = st.none() | texts
named = texts.filter(normal_name)
several = st.lists(texts, max_size=3).map(tuple)
some = st.lists(texts, min_size=1, max_size=3).map(tuple)
patterns = st.dictionaries(texts, st.sampled_from(["(a)", r"SN: (\d+)", r"^'(.)\"", "(ü|\t)"]), max_size=2)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Any layout that follows the rules of a layout file."""
    values = draw(
        st.lists(
            st.builds(
                ValueLayout,
                field=texts,
                name=st.none() | named,
                unit=maybe,
                scale=st.floats(allow_nan=False, allow_infinity=False).filter(bool),
                part=st.integers(0, 5),
                divided_by=texts,
                quality=maybe,
                time=several,
            ),
            max_size=4,
            unique_by=lambda value: normal_name(value.name or value.field),
        ).map(tuple)
    )
    text = st.builds(
        TextLayout,
        encoding=st.sampled_from(["utf-8", "cp1252", "latin-1"]),
        delimiter=st.sampled_from([",", ";", "\t", "|", "blanks", "\\", "'"]),
        decimal=st.sampled_from([".", ","]),
        thousands=st.sampled_from(["", "'", " "]),
        skip_lines=st.integers(0, 99),
        skip_until=st.sampled_from(["", "^Time", r"^\[Data\]$"]),
        comment=st.sampled_from(["", "#", "//"]),
        header=st.booleans(),
        columns=st.lists(texts, min_size=1, max_size=3, unique=True).map(tuple),
        below_header=st.integers(0, 3),
        short_rows=st.booleans(),
    )
    time = st.builds(
        TimeLayout,
        fields=some,
        format=st.sampled_from(["iso", "epoch-ns", "excel", "%d.%m.%Y %H:%M", '%Y"%m']),
        timezone=st.none() | st.sampled_from(["Europe/Berlin", "UTC", "+01:00"]),
        timezone_field=maybe,
        interval_end=st.booleans(),
        since=several,
        since_format=st.sampled_from(["iso", "%d.%m.%y"]),
    )
    return Layout(
        time=draw(time),
        form=draw(st.sampled_from(list(Form))),
        name=draw(st.just("") | texts),
        files=draw(several),
        records=draw(st.just("") | texts),
        sheet=draw(st.just("") | texts),
        sensor=draw(st.sampled_from(["{field}", "{device}.{field}", "Ofen 'ß' {field}"])),
        values=values,
        other_values=draw(st.booleans()) or not values,
        ignored=draw(several),
        missing=draw(several),
        quality=draw(st.none() | st.builds(QualityLayout, good=some, field=maybe)),
        text=draw(text),
        preamble=draw(patterns),
        path=draw(patterns),
    )


@settings(max_examples=120, deadline=None)
@given(layouts())
def test_what_is_written_is_read_again_as_the_same_layout(layout: Layout) -> None:
    assert read_layouts(layout_toml(layout), "layout.toml") == (layout,)


def test_nothing_is_written_that_is_as_the_default() -> None:
    assert tomllib.loads(layout_toml(STANDARD)) == {
        "name": "standard",
        "form": "csv",
        "sensor": "{sensor_uuid}",
        "text": {"delimiter": ";"},
        "time": {"fields": ["timestamp"]},
        "values": [{"field": "sensor_value"}],
    }


def test_patterns_and_units_are_written_as_people_would_write_them() -> None:
    layout = replace(STANDARD, preamble={"serial": r"SN: (\d+)"}, values=(ValueLayout("T [°C]", unit="°C"),))
    written = layout_toml(layout)
    assert r"serial = 'SN: (\d+)'" in written
    assert 'unit = "°C"' in written


def test_every_comment_is_one_of_toml() -> None:
    for line in layout_toml(STANDARD).splitlines():
        assert not line or "#" in line or "=" in line or line.startswith("[")
