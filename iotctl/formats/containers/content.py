"""The type of a file, by its first bytes and not by its name."""

from __future__ import annotations

import codecs
from enum import StrEnum

# The number of first bytes that these functions need.
HEAD_BYTES = 1024


class Packing(StrEnum):
    """How a file is compressed."""

    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZSTD = "Zstandard"


_PACKINGS = (
    (b"\x1f\x8b\x08", Packing.GZIP),
    (b"\x28\xb5\x2f\xfd", Packing.ZSTD),
    (b"\xfd7zXZ\0", Packing.XZ),
    (b"\x5d\0\0", Packing.XZ),  # the older .lzma
)
# A text may begin with BZh and a digit; in bzip2 a block or the end of the stream follows.
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")

_BYTE_ORDER_MARKS = (
    # UTF-32 first, because its mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LETTERS_THAT_TELL = 16

# Beginnings that no text has.
_BINARY = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook or another Office file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x04\x22\x4d\x18", "lz4-compressed data"),
    (b"\xff\x06\0\0sNaPpY", "snappy-compressed data"),
    (b"\x1f\x9d", "data of the old compress program (.Z)"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1\0", "an Arrow (Feather) file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"CDF\x01", "a NetCDF file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x7fELF", "a program"),
)
_TAR_AT = 257
# The first part of a workbook is one of these; it depends on the program that wrote it.
_OFFICE_PARTS = (b"[Content_Types].xml", b"docProps/", b"_rels/.rels", b"xl/")

# A table could begin like these, so they are checked only if no columns were found.
_TEXTS = (
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<?xml", "an XML file"),
    (b"<", "HTML or XML"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"%pdf-", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"orc", "an ORC file"),
    (b"pare", "an encrypted Parquet file"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself"),
)


def packing_of(head: bytes) -> Packing | None:
    """The compression of a file with these first bytes; None if it has none."""
    if head[:3] == b"BZh" and head[4:10] in _BZIP2_BLOCKS:
        return Packing.BZIP2
    return next((packing for magic, packing in _PACKINGS if head.startswith(magic)), None)


def wide_encoding_of(head: bytes) -> tuple[str, int] | None:
    """The encoding of a text in UTF-16 or UTF-32, and the length of its mark in bytes; None for other texts."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    begin = head[: 2 * _LETTERS_THAT_TELL]
    low, high = begin[::2], begin[1::2]
    # In UTF-16, every other byte of Latin letters is zero.
    if len(begin) == 2 * _LETTERS_THAT_TELL and not (any(low) and any(high)):
        if all(low):
            return "utf-16-le", 0
        if all(high):
            return "utf-16-be", 0
    return None


def is_parquet(head: bytes) -> bool:
    """Whether these are the first bytes of a Parquet file, and not the name of a column."""
    return head.startswith(b"PAR1") and not head[4:5].decode("latin-1").isprintable()


def is_office(head: bytes) -> bool:
    """Whether these are the first bytes of an Excel workbook or another new Office file."""
    return head.startswith(b"PK\x03\x04") and any(part in head for part in _OFFICE_PARTS)


def binary_kind_of(head: bytes) -> str | None:
    """The type of a file that is not text, for people; None for others."""
    if is_office(head):
        return "an Excel workbook or another Office file"
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return "a tar archive"
    return next((kind for magic, kind in _BINARY if head.startswith(magic)), None)


def text_kind_of(head: bytes) -> str | None:
    """The type of a text without columns, for people; None if it is not known."""
    begin = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if kind := next((kind for magic, kind in _TEXTS if begin.startswith(magic)), None):
        return kind
    return "binary data" if is_binary(head) else None


def is_binary(head: bytes) -> bool:
    """Whether bytes are not a text in UTF-8 or in a one-byte encoding, which have no NUL."""
    return b"\0" in head
