"""The footer of a Parquet file: the places of its columns, and their compression.

pyarrow reads it as well, but it aborts the process if a damaged footer has an unknown codec or statistic
(metadata.row_group(0).column(0), in version 26).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from iotctl.formats.parquet.thrift import CompactReader, Value

_ROW_GROUPS, _COLUMNS, _META_DATA = 4, 1, 3  # fields of FileMetaData, RowGroup, ColumnChunk (parquet.thrift)
_LIST, _STRUCT = 9, 12
_BYTE_ARRAY = 6
_DELTA_BYTE_ARRAY = 7
_CODECS = ("UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A column of a row group. start, size: of its pages, in bytes. codec: as Parquet names it.

    has_texts: values may have any length. may_share: values may be stored as additions to the value before
    (DELTA_BYTE_ARRAY).
    """

    column: str
    start: int
    size: int
    codec: str
    has_texts: bool
    may_share: bool


def read_chunks(footer: bytes, columns: Collection[str]) -> list[list[Chunk]]:
    """The chunks of some columns, for each row group. columns: names or, in a struct, paths such as body.temp.

    Raises ValueError if the footer is damaged.
    """
    reader = CompactReader(footer)
    groups: list[list[Chunk]] = []
    try:
        for number, kind in reader.fields():
            if (number, kind) != (_ROW_GROUPS, _LIST):
                reader.value(kind)
                continue
            count, element = reader.list_head()
            if element != _STRUCT:
                raise ValueError("row groups that are none")
            groups += [_group(reader, columns) for _ in range(count)]
    except IndexError as error:
        raise ValueError("it ends early") from error
    return groups


def _group(reader: CompactReader, columns: Collection[str]) -> list[Chunk]:
    chunks: list[Chunk] = []
    for number, kind in reader.fields():
        if (number, kind) != (_COLUMNS, _LIST):
            reader.value(kind)
            continue
        count, element = reader.list_head()
        for _ in range(count):
            column = reader.element(element)
            found = column.get(_META_DATA) if isinstance(column, dict) else None
            if isinstance(found, dict) and (chunk := _chunk(found, columns)) is not None:
                chunks.append(chunk)
    return chunks


def _chunk(found: dict[int, Value], columns: Collection[str]) -> Chunk | None:
    """A chunk from its ColumnMetaData; None if it is of another column."""
    path, encodings = found.get(3), found.get(2)
    if not isinstance(path, list):
        return None
    column = ".".join(part.decode("utf-8", "replace") for part in path if isinstance(part, bytes))
    if column not in columns:
        return None
    codec, size, first, dictionary = (found.get(field) for field in (4, 7, 9, 11))
    if not (isinstance(codec, int) and isinstance(size, int) and isinstance(first, int)):
        raise ValueError(f"column {column} without a place")
    if not 0 <= codec < len(_CODECS) or size < 0 or first < 0:
        raise ValueError(f"column {column} in an impossible place")
    # As pyarrow does (ComputeColumnChunkRange).
    start = min(first, dictionary) if isinstance(dictionary, int) and dictionary > 0 else first
    return Chunk(
        column,
        start,
        size,
        _CODECS[codec],
        has_texts=found.get(1) == _BYTE_ARRAY,
        may_share=isinstance(encodings, list) and _DELTA_BYTE_ARRAY in encodings,
    )
