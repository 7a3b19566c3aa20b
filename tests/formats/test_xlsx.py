"""Workbooks as people make them, and files that are not workbooks."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any

import openpyxl
import pytest

from iotctl.errors import ConfigurationError, FileError
from iotctl.formats import ReadOptions, read_batches
from iotctl.formats.layouts.layout import Form, Layout, TextLayout, TimeLayout, ValueLayout
from iotctl.model import FileBatch, RejectReason, StoredFile

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAYOUT = Layout(TimeLayout(("time",), timezone="UTC"), form=Form.XLSX, values=(ValueLayout("x"),))


def workbook(*rows: list[Any], further: Mapping[str, list[list[Any]]] = MappingProxyType({})) -> bytes:
    """A workbook with a sheet of rows, and further sheets."""
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    for name, others in further.items():
        sheet = book.create_sheet(name)
        for row in others:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def batches(content: bytes, layout: Layout = LAYOUT) -> list[FileBatch]:
    file = StoredFile("a.xlsx", len(content), "v", EPOCH)
    return list(read_batches(file, lambda at: io.BytesIO(content[at:]), ReadOptions(layouts=(layout,))))


def readings(content: bytes, layout: Layout = LAYOUT) -> list[tuple[datetime, float]]:
    return [
        (EPOCH + timedelta(microseconds=time), value)
        for batch in batches(content, layout)
        for time, value in zip(batch.time.tolist(), batch.value.tolist(), strict=True)
    ]


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2020, 1, day, hour, tzinfo=UTC)


def test_a_midnight_that_a_workbook_has_as_a_date_is_a_time_like_others() -> None:
    content = workbook(["time", "x"], [date(2020, 1, 1), 1], [datetime(2020, 1, 1, 6), 2.5], [date(2020, 1, 2), 3])
    assert readings(content) == [(at(1), 1.0), (at(1, 6), 2.5), (at(2), 3.0)]


def test_a_date_and_a_time_in_two_columns_are_one_time() -> None:
    content = workbook(["day", "hour", "x"], [date(2020, 1, 1), time(6), 1], [date(2020, 1, 2), time(7), 2])
    layout = Layout(TimeLayout(("day", "hour"), timezone="UTC"), form=Form.XLSX, values=(ValueLayout("x"),))
    assert readings(content, layout) == [(at(1, 6), 1.0), (at(2, 7), 2.0)]


def test_texts_and_numbers_in_one_column_are_read_with_the_decimal_sign_of_the_texts() -> None:
    content = workbook(["time", "x"], [at(1).replace(tzinfo=None), 1.5], [at(2).replace(tzinfo=None), "1.234,5"])
    text = TextLayout(decimal=",", thousands=".")
    layout = Layout(TimeLayout(("time",), timezone="UTC"), form=Form.XLSX, values=(ValueLayout("x"),), text=text)
    assert readings(content, layout) == [(at(1), 1.5), (at(2), 1234.5)]


def test_cells_that_are_no_values_are_missing_or_rejected_with_the_number_of_their_row() -> None:
    moment = datetime(2020, 1, 1)
    content = workbook(["time", "x"], [moment, 1], [], [moment, None], [moment, "broken"], ["soon", 2], [None, None])
    (batch,) = batches(content)
    assert [(reject.line, reject.reason, reject.field) for reject in batch.rejects] == [
        (5, RejectReason.VALUE, "x"),
        (6, RejectReason.TIME, "time"),
    ]
    assert (len(batch.time), batch.missing, batch.rows_read) == (1, 1, 4)


def test_a_sheet_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    layout = Layout(TimeLayout(("time",)), form=Form.XLSX, sheet="Log", values=(ValueLayout("x"),))
    with pytest.raises(FileError, match="no sheet 'Log'") as error:
        batches(workbook(["time", "x"]), layout)
    assert "Sheet" in str(error.value.hint)


@pytest.mark.parametrize("content", [b"PK\x03\x04 nonsense", b"time,x\n1,2\n", workbook(["time", "x"])[:-200]])
def test_what_is_no_workbook_is_an_error_of_that_file(content: bytes) -> None:
    with pytest.raises(FileError, match="not an Excel workbook"):
        batches(content)


def test_a_workbook_that_would_fill_the_memory_is_refused() -> None:
    whole = zipfile.ZipFile(io.BytesIO(workbook(["time", "x"], [1, 2])))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in whole.namelist():
            part = whole.read(name)
            if name == "xl/worksheets/sheet1.xml":
                part = re.sub(rb'r="B2"', b'r="XFD1048576"', part)
            archive.writestr(name, part)
    with pytest.raises(FileError, match="16384 columns"):
        batches(content.getvalue())


def test_without_the_library_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(ConfigurationError) as error:
        batches(workbook(["time", "x"]))
    assert "pip install 'iotctl[xlsx]'" in str(error.value.hint)
