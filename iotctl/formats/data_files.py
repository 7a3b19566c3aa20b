"""Recognises data files by their names; other files of a folder are left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from iotctl.formats.containers.suffixes import PARQUET, unpacked
from iotctl.formats.layouts.choice import fits
from iotctl.formats.layouts.layout import AUTO, STANDARD, Form, Layout

_TEXT = (".csv", ".tsv", ".txt")
_JSON = (".json", ".jsonl", ".ndjson")

# Suffixes of forms, besides those of the standard layout. Patterns of a layout add other names.
_SUFFIXES = {
    Form.CSV: (".dat", ".log", ".asc", ".lvm", ".rdb", ".prn"),
    Form.JSON: _JSON,
    Form.JSON_SERIES: _JSON,
    Form.LINE_PROTOCOL: (".lp", ".line", ".influx"),
    Form.INFLUX_CSV: (),
    Form.PARQUET: (),
    Form.XLSX: (".xlsx", ".xlsm"),
}
_NEVER_COMPRESSED = {*PARQUET, *_SUFFIXES[Form.XLSX]}


def is_data_file(name: str, layouts: Sequence[Layout] = (STANDARD,)) -> bool:
    """Whether a file has the name of a data file in one of some layouts.

    The name matches a pattern of a layout, or has a suffix of its form. Suffixes of the standard layout always count.
    """
    path, known = unpacked(name), _suffixes(layouts)
    if path != PurePosixPath(name):
        known = [other for other in known if other not in _NEVER_COMPRESSED]
    return path.suffix.lower() in known or any(layout.files and fits(layout, name) for layout in layouts)


def suffixes_read(layouts: Sequence[Layout]) -> str:
    """The names of data files, for people."""
    known = _suffixes(layouts)
    texts = " ".join(suffix for suffix in known if suffix not in _NEVER_COMPRESSED)
    others = " ".join(suffix for suffix in known if suffix in _NEVER_COMPRESSED)
    patterns = [pattern for layout in layouts for pattern in layout.files]
    named = f", and names that match {' '.join(patterns)}" if patterns else ""
    return f"{texts}, also with .gz .zst .bz2 .xz, and {others}{named}"


def _suffixes(layouts: Sequence[Layout]) -> list[str]:
    forms = list(Form) if AUTO in layouts else [layout.form for layout in layouts if layout != STANDARD]
    others = (suffix for form in forms for suffix in _SUFFIXES[form])
    return list(dict.fromkeys((*_TEXT, *sorted(PARQUET), *others)))
