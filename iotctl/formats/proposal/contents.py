"""The content of a file as a table, in any form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from iotctl.errors import FileError
from iotctl.formats.csv.header import READINGS, binary, parse_header
from iotctl.formats.layouts.layout import BLANKS, STANDARD, Form, Layout, TextLayout
from iotctl.formats.options import OpenAt
from iotctl.formats.proposal.forms import FoundForm, binary_form, text_form
from iotctl.formats.proposal.proposal import Doubt, Hints, Weight
from iotctl.formats.proposal.record_tables import read_record_table
from iotctl.formats.proposal.table import Table
from iotctl.formats.proposal.text_sample import TextSample, read_sample
from iotctl.formats.proposal.text_tables import TextTable, read_text_table
from iotctl.model import StoredFile

_SHOWN = 3
_BEGIN_BYTES = 64 * 1024
_ODD_PART = 0.02  # in random bytes a tenth are control characters


@dataclass(frozen=True)
class Content:
    """form, records, sheet: as in Layout. text: of lines of fields; record_text: of other forms.

    preamble: the lines before a table. seen: a description of the file. standard: whether it needs no layout; layout:
    its layout in that case. inner: as in FoundForm.
    """

    form: Form
    table: Table
    seen: tuple[tuple[str, str], ...]
    doubts: tuple[Doubt, ...] = ()
    complete: bool = True
    text: TextTable | None = None
    record_text: TextLayout = field(default_factory=TextLayout)
    preamble: tuple[str, ...] = ()
    records: str = ""
    sheet: str = ""
    layout: Layout | None = None
    inner: tuple[str, ...] = ()

    @property
    def standard(self) -> bool:
        """Whether the file needs no layout."""
        return self.layout is not None


def read_content(file: StoredFile, open_at: OpenAt, hints: Hints) -> Content:
    """The content of a file. Raises FileError if it has no records."""
    if (other := binary_form(open_at)) is not None:
        return _record_content(file, open_at, other, [])
    sample = read_sample(file, open_at, None, begin_bytes=_BEGIN_BYTES, everywhere=False)
    if _is_binary(sample):
        raise binary(file.uri)
    if _is_standard(sample):
        return _standard_content(sample)
    if not sample.complete or hints.encoding is not None:
        sample = read_sample(file, open_at, hints.encoding)
    if (form := text_form(sample)).form is not Form.CSV:
        return _record_content(file, open_at, form, [("encoding", sample.encoding.name)])
    found = read_text_table(sample)
    if found is None or not found.table.rows:
        raise FileError(
            "This file is empty." if not sample.lines else "No table was found in this file.",
            where=file.uri,
            hint="Is it a file of readings? A table begins with the names of its columns.",
        )
    return _text_content(found, hints)


def _is_binary(sample: TextSample) -> bool:
    """Whether it is not text. A text may have some NULs, which loggers leave after a power failure."""
    begin = "\n".join(sample.lines)[:_BEGIN_BYTES]
    return "\0" in begin and sum(ord(char) < 32 and char not in "\t\n\r" for char in begin) > len(begin) * _ODD_PART


def _record_content(file: StoredFile, open_at: OpenAt, form: FoundForm, seen: list[tuple[str, str]]) -> Content:
    found = read_record_table(file, open_at, form.form, form.records)
    if not found.table.rows:
        raise FileError(
            "There are no records in this file.", where=file.uri, hint="Is it a file of readings, or of settings?"
        )
    if found.text.skip_lines:
        seen.append(("column names", f"line {found.text.skip_lines + 1}"))
    doubts = []
    if form.others:
        text = f"{_some(form.others)}: arrays with the same fields as {form.records}, which are not read"
        doubts.append(Doubt(text, "records in the layout"))
    if found.others:
        text = f"{_some(found.others)}: sheets with tables, which are not read"
        doubts.append(Doubt(text, "sheet in a layout for each of them, and --sensor 'SHEET.{field}'"))
    words = (("form", form.words), *seen)
    return Content(
        form.form,
        found.table,
        words,
        tuple(doubts),
        complete=found.complete,
        records=form.records,
        sheet=found.sheet,
        record_text=found.text,
        inner=form.inner,
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")


_SIGNS = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "bar", BLANKS: "blanks"}


def _text_content(found: TextTable, hints: Hints) -> Content:
    start, sample = found.start, found.sample
    doubts = []
    if not sample.encoding.certain and hints.encoding is None:
        doubts.append(
            Doubt(f"the bytes are not UTF-8; they fit {sample.encoding.name}", "--encoding NAME", weight=Weight.NOTE)
        )
    if found.broken:
        doubts.append(Doubt(f"lines that are not rows, and will be rejected: {found.broken}", weight=Weight.NOTE))
    if start.header is not None:
        header = f"line {start.header + 1}"
    else:
        header = "in a comment" if start.in_comment else "in several lines" if start.names else "none"
    if found.other_heads:
        text = f"another table may begin in the middle of the file, with {found.other_heads[0][:60]!r}"
        doubts.append(Doubt(f"{text}: its rows are read as rows of the first one"))
    seen = [("form", "lines of fields (csv)"), ("encoding", sample.encoding.name)]
    seen += [("delimiter", _SIGNS[start.division.delimiter]), ("column names", header)]
    if start.first > 0:
        seen.append(("first row", f"line {start.first + 1}"))
    return Content(
        Form.CSV,
        found.table,
        tuple(seen),
        tuple(doubts),
        sample.complete,
        text=found,
        preamble=start.preamble,
    )


def _is_standard(sample: TextSample) -> bool:
    """Whether the reader of standard files reads this one."""
    header = next((line for line in sample.lines if line.strip()), "")
    try:
        parse_header(header.encode("utf-8", "replace"), READINGS, "")
    except FileError:
        return False
    return True


def _standard_content(sample: TextSample) -> Content:
    """The content of a file that needs no layout, from its beginning."""
    found = read_text_table(sample)
    table = found.table if found else Table(())
    seen = (("form", "timestamp;sensor_uuid;sensor_value"), ("encoding", sample.encoding.name))
    return Content(Form.CSV, table, seen, complete=sample.complete, layout=STANDARD)
