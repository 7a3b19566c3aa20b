"""The record forms with the modules that read them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import cast

from iotctl.formats.layouts.layout import Form
from iotctl.formats.records.records import ReadRecords, RecordFile, Records

# Module and function of each form, imported when needed.
_FORMS = {
    Form.CSV: ("iotctl.formats.csv.table", "read_csv_records"),
    Form.JSON: ("iotctl.formats.records.json_lines", "read_json"),
    Form.JSON_SERIES: ("iotctl.formats.records.json_series", "read_json_series"),
    Form.LINE_PROTOCOL: ("iotctl.formats.records.line_protocol", "read_line_protocol"),
    Form.INFLUX_CSV: ("iotctl.formats.records.influx_csv", "read_influx_csv"),
    Form.PARQUET: ("iotctl.formats.records.parquet_table", "read_parquet_table"),
    Form.XLSX: ("iotctl.formats.records.xlsx", "read_xlsx"),
}


def read_records(source: RecordFile) -> Iterator[Records]:
    """The records of a file in the form of its layout; see ReadRecords."""
    module, function = _FORMS[source.layout.form]
    read = cast(ReadRecords, getattr(import_module(module), function))
    yield from read(source)
