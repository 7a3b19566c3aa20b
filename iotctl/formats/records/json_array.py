"""The array of objects in a JSON document as lines: each object becomes a line, and no byte moves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.errors import FileError
from iotctl.formats.options import Readable
from iotctl.formats.records.json_document import MOST_BEFORE_BYTES, WHITE, MoreError, pass_ends

# An object is held in memory as a whole.
_MOST_OBJECT_BYTES = 16 * 1024 * 1024

_ESCAPED = re.compile(rb"\\.", re.DOTALL)

# May be between two objects. Arrays in the array are also read, as in [[{...}], [{...}]].
_BETWEEN = np.zeros(256, dtype=np.bool_)
_BETWEEN[np.frombuffer(b" \t\r\n,[]", dtype=np.uint8)] = True


@dataclass(frozen=True, slots=True)
class Elements:
    """Whole objects of an array. data: a line for each. begin: int64 (n,), offset of each in the text.

    end: the offset after the last one.
    """

    data: bytes
    begin: NDArray[np.int64]
    end: int


class ArrayElements:
    """Cuts the text of an array into its objects.

    offset: where reading begins, between two objects. begun: bytes already read from there. path: as in find_array.
    is_array: False if the objects follow one another without an array. is_ended: whether the end has been read.
    """

    def __init__(
        self,
        text: Readable,
        offset: int,
        block_bytes: int,
        begun: bytes,
        path: str,
        where: str,
        *,
        is_array: bool = True,
    ) -> None:
        self.is_ended = False
        self._is_array = is_array
        self._text = text
        self._offset = offset
        self._block_bytes = block_bytes
        self._begun = begun
        self._path = path
        self._where = where

    def __iter__(self) -> Iterator[Elements]:
        data = self._begun or self._text.read(self._block_bytes)
        size = self._block_bytes
        while data:
            objects = _objects(data)
            if len(objects.begin):
                yield Elements(_as_lines(data, objects), self._offset + objects.begin, self._offset + objects.length)
            self._offset += objects.length
            data = data[objects.length :]
            if objects.stop is not None:
                self._check_end(data[: objects.stop - objects.length], data[objects.stop - objects.length :])
                self.is_ended = True
                return
            size = self._block_bytes if len(objects.begin) else 2 * size
            if len(data) > max(_MOST_OBJECT_BYTES, self._block_bytes):
                raise self._broken(f"has an object of over {_MOST_OBJECT_BYTES // 1024**2} MiB, or one that never ends")
            more = self._text.read(size)
            if not more:
                self.is_ended = data.rstrip(WHITE).endswith(b"]") if self._is_array else not data.strip(WHITE)
                return
            data += more

    def _check_end(self, gap: bytes, rest: bytes) -> None:
        """Check the text after the last object. gap: the brackets after it. rest: the text after them."""
        between = gap.rstrip(WHITE)
        after = between.removesuffix(b",").rstrip(WHITE)
        closed = between.endswith(b"]") if rest.startswith(b"}") else after.endswith(b"]") and after != between
        if not self._path or not closed or rest[:1] not in b'"}':
            raise self._broken("has something other than objects with commas between them")
        depth = len(self._path.split("."))
        while depth and (size := len(rest)) <= MOST_BEFORE_BYTES:
            rest += self._text.read(64 * 1024)
            try:
                # The objects around the array, which began before it, and their text after it.
                depth, rest = pass_ends(rest.decode("latin-1"), depth)
            except MoreError:
                if len(rest) == size:
                    return  # cut after its last record, so nothing is lost
        while not rest.strip(WHITE) and (rest := self._text.read(64 * 1024)):
            pass
        if rest.strip(WHITE):
            raise FileError(
                "There is more than one JSON document in the file.",
                where=f"{self._where}, after the record at byte {self._offset}",
                hint="Write one object per line without an array in it, or one document per file.",
            )

    def _broken(self, problem: str) -> FileError:
        return FileError(
            f"The array of records {problem}.",
            where=f"{self._where}, byte {self._offset}",
            hint="Rows committed before stay. Repair the file, or fetch it again from its source.",
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """The whole objects in some bytes. begin, last: int64 (n,), first and last byte of each.

    length: number of bytes up to the end of the last one. stop: where something other than an object follows, or None.
    in_text: bool, one per byte: whether it is in a text.
    """

    begin: NDArray[np.int64]
    last: NDArray[np.int64]
    length: int
    stop: int | None
    in_text: NDArray[np.bool_]


def _objects(data: bytes) -> _Found:
    byte = np.frombuffer(data, dtype=np.uint8)
    in_text = _in_texts(data)
    braces = np.flatnonzero(((byte == ord("{")) | (byte == ord("}"))) & ~in_text)
    depth = np.cumsum(np.where(byte[braces] == ord("{"), 1, -1))
    stop: int | None = None
    if len(below := np.flatnonzero(depth < 0)[:1]):
        stop = int(braces[below[0]])
        braces, depth = braces[: below[0]], depth[: below[0]]
    opens = byte[braces] == ord("{")
    begin, last = braces[opens & (depth == 1)], braces[~opens & (depth == 0)]
    seen = int(begin[len(last)]) if len(begin) > len(last) else len(data) if stop is None else stop
    begin = begin[: len(last)]
    others = np.flatnonzero(~(_BETWEEN[byte[:seen]] | _inside(begin, last, seen)))[:1]
    if len(others):
        stop = int(others[0])
        kept = int(np.searchsorted(begin, stop))
        begin, last = begin[:kept], last[:kept]
    return _Found(begin, last, int(last[-1]) + 1 if len(last) else 0, stop, in_text)


def _inside(begin: NDArray[np.int64], last: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    """Which bytes are in objects; bool (size,)."""
    # If an object directly follows another, the two steps cancel out.
    steps = np.zeros(size + 1, dtype=np.int8)
    steps[begin] += 1
    steps[last + 1] -= 1
    return np.cumsum(steps[:-1], dtype=np.int8).astype(np.bool_)


def _as_lines(data: bytes, objects: _Found) -> bytes:
    size = objects.length
    byte = np.frombuffer(data, dtype=np.uint8)[:size].copy()
    breaks = np.flatnonzero((byte == ord("\n")) | (byte == ord("\r")))
    # JSON forbids line breaks in a text. The replacement must be forbidden there, too.
    byte[breaks] = np.where(objects.in_text[breaks], ord("\t"), ord(" "))
    kept = byte[_inside(objects.begin, objects.last, size)]
    ends = np.cumsum(objects.last - objects.begin + 1)
    return bytes(np.insert(kept, ends, ord("\n")).tobytes())


def _in_texts(data: bytes) -> NDArray[np.bool_]:
    """Which bytes are within quotes, without the closing quotes; bool (n,)."""
    if b"\\" in data:
        data = _ESCAPED.sub(b"  ", data)
    quotes = np.frombuffer(data, dtype=np.uint8) == ord('"')
    return np.logical_xor.accumulate(quotes)
