"""Write rows to stdout or a file as they come: table, CSV, JSON, ndjson, Parquet."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from iotctl import interrupt
from iotctl.cli.output.log import say
from iotctl.cli.output.table import Cell, TableView, write_table
from iotctl.cli.output.terminal import screen
from iotctl.errors import UsageError, cannot_write

STDOUT = Path("-")

_PARQUET_ROWS = 100_000

# A file of this name should not contain CSV.
_OTHER_SUFFIXES = {"xlsx", "xls", "ods", "pdf", "html", "png", "svg", "xml", "gz", "zip", "zst", "bz2", "xz", "tsv"}


class Format(StrEnum):
    """The format of rows."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    NDJSON = "ndjson"
    PARQUET = "parquet"


_FORMATS = {
    **{form.value: form for form in Format},
    "": Format.CSV,
    "txt": Format.CSV,
    "jsonl": Format.NDJSON,
    "pq": Format.PARQUET,
}


def chosen_format(wanted: Format | None, output: Path | None) -> Format:
    """The wanted format, else that of the file's name, else a table on a terminal and CSV in a pipe.

    Raises UsageError for the name of another kind of file, such as .xlsx.
    """
    if wanted is not None:
        return wanted
    if output is not None and output != STDOUT:
        suffix = output.suffix.lstrip(".").lower()
        if suffix in _OTHER_SUFFIXES:
            raise UsageError(
                f"Rows cannot be written as .{suffix}.",
                where=str(output),
                hint="Name it .csv, .json, .ndjson or .parquet, or choose a format with --format.",
            )
        return _FORMATS.get(suffix, Format.CSV)
    return Format.TABLE if sys.stdout.isatty() else Format.CSV


@contextmanager
def open_output(output: Path | None, form: Format) -> Iterator[BinaryIO]:
    """The output: stdout, a device or pipe, or a file that appears under its name when it is complete."""
    if output is None or output == STDOUT:
        if form is Format.PARQUET and sys.stdout.isatty():
            raise UsageError("Parquet cannot be shown on a terminal.", hint="Name a file: -o readings.parquet")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with replaced_file(output) as file:
        yield file


@contextmanager
def replaced_file(output: Path) -> Iterator[BinaryIO]:
    """A file that replaces an older one of its name when it is complete. Raises IotctlError."""
    unfinished = output.with_name(f".{output.name}.{os.getpid()}")
    in_place = False
    interrupt.begin()
    try:
        # A device such as /dev/null must not be replaced by a file.
        in_place = output.exists() and not output.is_file()
        if in_place:
            unfinished = output
        with unfinished.open("wb") as file:
            yield file
        if not in_place:
            unfinished.replace(output)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise cannot_write(output, error) from error
    finally:
        if not in_place:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)


def write_rows(
    columns: list[str],
    rows: Iterable[tuple[Cell, ...]],
    form: Format,
    output: Path | None = None,
    view: TableView = TableView(),  # noqa: B008 -- it is frozen
    *,
    wide: bool = False,
) -> None:
    """Write rows in a format. If making the first row fails, nothing is written.

    view: how a table shows them, and what is said if there are none. wide: only for tables.
    """
    rows = iter(rows)
    first = list(islice(rows, 1))
    if not first and view.nothing:
        say(view.nothing)
    rows = chain(first, rows)
    with open_output(output, form) as file:
        match form:
            case Format.CSV:
                _write_csv(columns, rows, file)
            case Format.JSON:
                _write_json(columns, rows, file)
            case Format.NDJSON:
                for row in rows:
                    file.write(json.dumps(record(columns, row), ensure_ascii=False).encode() + b"\n")
            case Format.PARQUET:
                _write_parquet(columns, rows, file)
            case Format.TABLE:
                on_screen = screen() if output in (None, STDOUT) else None
                write_table(columns, rows, file, view, on_screen, wide=wide)


def _write_csv(columns: list[str], rows: Iterable[tuple[Cell, ...]], file: BinaryIO) -> None:
    import csv
    import io

    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
    try:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(map(_plain, rows))
        text.flush()
    finally:
        text.detach()


def _write_json(columns: list[str], rows: Iterable[tuple[Cell, ...]], file: BinaryIO) -> None:
    file.write(b"[")
    separator = b"\n "
    for row in rows:
        file.write(separator + json.dumps(record(columns, row), ensure_ascii=False).encode())
        separator = b",\n "
    file.write(b"\n]\n" if separator != b"\n " else b"]\n")


def _write_parquet(columns: list[str], rows: Iterable[tuple[Cell, ...]], file: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = iter(rows)
    first = list(islice(rows, _PARQUET_ROWS))
    table = pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in first])
    if not first:
        table = pa.table({column: pa.array([], pa.string()) for column in columns})
    with pq.ParquetWriter(file, table.schema) as writer:
        writer.write_table(table)
        while page := list(islice(rows, _PARQUET_ROWS)):
            writer.write_table(
                pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in page], schema=table.schema)
            )


def record(columns: list[str], row: tuple[Cell, ...]) -> dict[str, str | int | float | None]:
    """A row as an object for JSON."""
    # JSON has no NaN or infinity (RFC 8259, section 6).
    return {
        column: None if isinstance(cell, float) and not math.isfinite(cell) else cell
        for column, cell in zip(columns, _plain(row), strict=True)
    }


def _plain(row: tuple[Cell, ...]) -> list[str | int | float | None]:
    return [cell.isoformat() if isinstance(cell, datetime) else cell for cell in row]
