"""The header line: finds the delimiter and the columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iotctl.errors import FileError
from iotctl.formats.containers.blocks import MAX_LINE_BYTES
from iotctl.formats.containers.content import is_binary, text_kind_of
from iotctl.formats.containers.text_blocks import BYTE_ORDER_MARK, is_blank, unfinished
from iotctl.formats.csv.split import BadRow, split_line
from iotctl.formats.options import Readable

_DELIMITERS = (";", ",", "\t", "|")
_READ_BYTES = 64 * 1024
_SHOWN = 80

# pyarrow keeps a buffer for each column, even if it is not read: with 300,000 columns a block takes minutes.
MOST_COLUMNS = 10_000


@dataclass(frozen=True, slots=True)
class WantedColumns:
    """Columns that a table must have, and columns that it may have.

    Each is a list of names: the first name is its key in the result, and the first name in the header counts.
    others: all other columns are also wanted, under their own names.
    may_have_layout: other tables can be read by a layout; errors say so.
    """

    needed: Sequence[Sequence[str]]
    optional: Sequence[Sequence[str]] = ()
    others: bool = False
    may_have_layout: bool = False


READINGS = WantedColumns((("timestamp",), ("sensor_uuid",), ("sensor_value",)), may_have_layout=True)


@dataclass(frozen=True, slots=True)
class Header:
    """width: number of columns. at: wanted column -> its place, from 0."""

    delimiter: str
    width: int
    at: dict[str, int]


@dataclass(frozen=True, slots=True)
class TextStart:
    """The beginning of a text. offset, line: after the header. begun: bytes that were already read from there."""

    header: Header
    offset: int
    line: int
    begun: bytes


def read_start(text: Readable, wanted: WantedColumns, where: str, *, finished: bool = True) -> TextStart | None:
    """Read the header, which is the first line that is not blank; None if there is none.

    finished: accept a header without a line end. Raises FileError with the name of a column that is missing or occurs
    twice, and UnfinishedFileError if more of the header may still come.
    """
    begun, offset, line = b"", 0, 1
    while data := text.read(_READ_BYTES):
        begun += data
        blank = _blank_lines(begun)
        offset, line, begun = offset + blank, line + begun.count(b"\n", 0, blank), begun[blank:]
        if end := begun.find(b"\n") + 1:
            return TextStart(_header(begun, end, wanted, where), offset + end, line + 1, begun[end:])
        if len(begun) > MAX_LINE_BYTES:
            raise FileError(
                "The first line is longer than 1 MiB.", where=where, hint="A data file begins with its column names."
            )
    if is_blank(_unmarked(begun)):
        return None
    if not finished and text_kind_of(begun) is None:
        raise unfinished(where)
    return TextStart(_header(begun, len(begun), wanted, where), offset + len(begun), line + 1, b"")


def binary(where: str) -> FileError:
    """The error for bytes that are not text, and of an unknown type."""
    return FileError(
        "This is binary data, not a table.",
        where=where,
        hint="Is it compressed or encrypted? Unpack or decrypt it first.",
    )


def _header(begun: bytes, end: int, wanted: WantedColumns, where: str) -> Header:
    """The header that ends at end. If there is none, the error names the type of the text, if it is known."""
    try:
        return parse_header(_unmarked(begun[:end]), wanted, where)
    except FileError as error:
        if is_binary(begun):
            raise binary(where) from None
        if kind := text_kind_of(begun):
            raise FileError(
                f"This is {kind}, not a table with a line of column names.", where=error.where, hint=error.hint
            ) from None
        raise


def _blank_lines(text: bytes) -> int:
    """The length in bytes of the blank lines at the beginning of a text."""
    at = 0
    while True:
        rest = _unmarked(text[at:])
        written = len(text) - len(rest.lstrip(b" \t\r\n"))
        end = text.rfind(b"\n", at, written) + 1
        if not end:
            return at
        at = end


def _unmarked(text: bytes) -> bytes:
    return text.removeprefix(BYTE_ORDER_MARK)


def parse_header(line: bytes, wanted: WantedColumns, where: str) -> Header:
    """Find the wanted columns in a header line; order, case, blanks and quotes do not matter. Others are ignored.

    Raises FileError with the name of a column that is missing or occurs twice.
    """
    problem = ""
    for delimiter in sorted(_DELIMITERS, key=lambda candidate: line.count(candidate.encode()), reverse=True):
        try:
            # Names of other columns may have any encoding.
            names = split_line(line.rstrip(b"\r\n"), delimiter, text_only=False)
        except BadRow as bad:
            problem = problem or f"The first line cannot be read ({bad.reason})."
            continue
        at, missing = _places(names, wanted)
        if not missing:
            _refuse_doubled(names, at, where)
            _refuse_two_times(names, wanted, where)
            if len(names) > MOST_COLUMNS:
                raise FileError(
                    f"The header has {len(names)} columns; {MOST_COLUMNS} can be read.",
                    where=where,
                    hint="Leave out columns, or write the readings one below the other.",
                )
            return Header(delimiter, len(names), at)
        problem = problem or f"Column {' and '.join(missing)} not found in the header."
    raise FileError(
        problem,
        where=f"{where}, line 1: {line.decode('utf-8', 'backslashreplace').strip()[:_SHOWN]!r}",
        hint=f"It needs {_listed(wanted)}, in any order, divided by one of ; , tab |{_inspect(wanted, where)}",
    )


def find_columns(names: Sequence[str], wanted: WantedColumns, where: str) -> dict[str, int]:
    """The places of the wanted columns among names. Names are compared, and errors raised, as in parse_header."""
    at, missing = _places(names, wanted)
    if missing:
        raise FileError(
            f"Column {' and '.join(missing)} not found.",
            where=where,
            hint=f"It needs {_listed(wanted)}{_inspect(wanted, where)}",
        )
    _refuse_doubled(names, at, where)
    _refuse_two_times(names, wanted, where)
    return at


def _places(names: Sequence[str], wanted: WantedColumns) -> tuple[dict[str, int], list[str]]:
    plain = [_plain(name) for name in names]
    at: dict[str, int] = {}
    for column in (*wanted.needed, *wanted.optional):
        if found := [plain.index(_plain(name)) for name in column if _plain(name) in plain]:
            at[column[0]] = found[0]
    if wanted.others:
        named = set(at.values())
        at |= {name.strip(): place for place, name in enumerate(names) if name.strip() and place not in named}
    return at, [column[0] for column in wanted.needed if column[0] not in at]


def _refuse_doubled(names: Sequence[str], at: dict[str, int], where: str) -> None:
    plain = [_plain(name) for name in names]
    for column, place in at.items():
        if plain.count(plain[place]) > 1:
            raise FileError(
                f"Column {column} is in the header twice.", where=where, hint="Rename the one that should not be read."
            )


def _refuse_two_times(names: Sequence[str], wanted: WantedColumns, where: str) -> None:
    """Raise FileError for a date and a time of day in two columns: only a layout can read them as one time."""
    plain = {_plain(name) for name in names}
    if wanted.may_have_layout and {"date", "time"} <= plain and "timestamp" not in plain:
        raise FileError(
            "The columns date and time may be one time together.",
            where=where,
            hint=f"--layout auto reads them so, or see iotctl inspect {where}",
        )


def _plain(name: str) -> str:
    return "".join(name.split()).strip('"').replace("_", "").lower()


def _inspect(wanted: WantedColumns, where: str) -> str:
    return f". For other files: --layout auto, or iotctl inspect {where}" if wanted.may_have_layout else ""


def _listed(wanted: WantedColumns) -> str:
    return ", ".join(" or ".join(column) for column in wanted.needed)
