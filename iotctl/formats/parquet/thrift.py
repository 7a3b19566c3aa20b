"""The parts of Thrift's compact protocol that Parquet uses (thrift-compact-protocol.md in apache/thrift)."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

# A value: true or false, a number, bytes, a list, or a struct (by the ids of its fields).
Value = bool | int | bytes | list["Value"] | dict[int, "Value"] | None

Struct = dict[int, Value]

_DEEPEST = 12


class _Kind(IntEnum):
    """The types of values, with their numbers in the protocol."""

    TRUE = 1
    FALSE = 2
    BYTE = 3
    I16 = 4
    I32 = 5
    I64 = 6
    DOUBLE = 7
    BINARY = 8
    LIST = 9
    SET = 10
    STRUCT = 12


class CompactReader:
    """Reads values from bytes. at: the current position.

    Raises IndexError if the bytes end too early, and ValueError if they are not values.
    """

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self.at = at

    def struct(self, depth: int = 0) -> Struct:
        """All fields of a struct by their ids."""
        return {number: self.value(kind, depth) for number, kind in self.fields(depth)}

    def fields(self, depth: int = 0) -> Iterator[tuple[int, int]]:
        """(id, kind) of each field of a struct. The caller must read each value before the next field."""
        if depth > _DEEPEST:
            raise ValueError("structs nested too deeply")
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            yield number, head & 15

    def value(self, kind: int, depth: int = 0) -> Value:
        """A field's value."""
        match kind:
            case _Kind.TRUE | _Kind.FALSE:
                return kind == _Kind.TRUE
            case _Kind.BYTE:
                return self._byte()
            case _Kind.I16 | _Kind.I32 | _Kind.I64:
                return self._signed()
            case _Kind.DOUBLE:
                return self._bytes(8)
            case _Kind.BINARY:
                return self._bytes(self._unsigned())
            case _Kind.LIST | _Kind.SET:
                count, element = self.list_head()
                return [self.element(element, depth) for _ in range(count)]
            case _Kind.STRUCT:
                return self.struct(depth + 1)
            case _:
                raise ValueError(f"no kind {kind}")

    def list_head(self) -> tuple[int, int]:
        """The number of elements of a list, and their kind."""
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._unsigned()
        if count > len(self._data) - self.at:  # each takes a byte at least
            raise IndexError("a list longer than the bytes")
        return count, head & 15

    def element(self, kind: int, depth: int = 0) -> Value:
        """An element of a list."""
        return self._byte() == 1 if kind in (_Kind.TRUE, _Kind.FALSE) else self.value(kind, depth)

    def _byte(self) -> int:
        byte = self._data[self.at]
        self.at += 1
        return byte

    def _bytes(self, count: int) -> bytes:
        begin, self.at = self.at, self.at + count
        if self.at > len(self._data):
            raise IndexError("bytes beyond the end")
        return self._data[begin : self.at]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number too long")

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
