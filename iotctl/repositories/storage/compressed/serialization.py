"""The parts of a compressed value as bytes, in the binary form of the type compressed_data, big-endian."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.storage.compressed.bit_array import Words
from iotctl.repositories.storage.compressed.deltadelta import DeltaDelta
from iotctl.repositories.storage.compressed.gorilla import Gorilla
from iotctl.repositories.storage.compressed.simple8b_rle import Simple8b

# TimescaleDB, compression.h: enum CompressionAlgorithm.
_GORILLA, _DELTADELTA = 3, 4
_NO_NULLS = 0

_SIMPLE8B = [("numbers", ">u4"), ("blocks", ">u4")]
_DELTADELTA_HEAD = np.dtype(
    [("algorithm", "u1"), ("nulls", "u1"), ("last", ">i8"), ("last_step", ">i8"), ("changes", _SIMPLE8B)]
)
_GORILLA_HEAD = np.dtype([("algorithm", "u1"), ("nulls", "u1"), ("last", ">u8"), ("differs", _SIMPLE8B)])
_GORILLA_START = np.dtype(_GORILLA_HEAD.descr[:3])
_BIT_ARRAY_HEAD = np.dtype([("words", ">u4"), ("bits", "u1")])
_NUMBERS_BLOCKS, _WORDS_BITS = struct.Struct(">II"), struct.Struct(">IB")


def deltadelta_values(parts: DeltaDelta) -> list[bytes]:
    """A value of compressed_data for each batch."""
    heads = np.zeros(len(parts.last), dtype=_DELTADELTA_HEAD)
    heads["algorithm"], heads["nulls"] = _DELTADELTA, _NO_NULLS
    heads["last"], heads["last_step"] = parts.last, parts.last_step
    heads["changes"] = _simple8b_heads(parts.changes)
    return [b"".join(pieces) for pieces in zip(_pieces(heads), _words(parts.changes.slots), strict=True)]


def gorilla_values(parts: Gorilla) -> list[bytes]:
    """A value of compressed_data for each batch."""
    heads = np.zeros(len(parts.last), dtype=_GORILLA_HEAD)
    heads["algorithm"], heads["nulls"], heads["last"] = _GORILLA, _NO_NULLS, parts.last
    heads["differs"] = _simple8b_heads(parts.differs)
    pieces = (
        _pieces(heads),
        _words(parts.differs.slots),
        _pieces(_simple8b_heads(parts.begins)),
        _words(parts.begins.slots),
        _pieces(_bit_array_heads(parts.leading_zeros, parts.leading_zeros_bits)),
        _words(parts.leading_zeros),
        _pieces(_simple8b_heads(parts.widths)),
        _words(parts.widths.slots),
        _pieces(_bit_array_heads(parts.xors, parts.xors_bits)),
        _words(parts.xors),
    )
    return [b"".join(batch) for batch in zip(*pieces, strict=True)]


def _simple8b_heads(numbers: Simple8b) -> NDArray[np.void]:
    heads = np.zeros(len(numbers.count), dtype=_SIMPLE8B)
    heads["numbers"], heads["blocks"] = numbers.count, numbers.blocks
    return heads


def _bit_array_heads(array: Words, bits: NDArray[np.int64]) -> NDArray[np.void]:
    heads = np.zeros(len(bits), dtype=_BIT_ARRAY_HEAD)
    heads["words"], heads["bits"] = np.diff(array.starts), bits
    return heads


def _pieces(heads: NDArray[np.void]) -> list[bytes]:
    """Each head's bytes."""
    whole, width = heads.tobytes(), heads.dtype.itemsize
    return [whole[at : at + width] for at in range(0, len(whole), width)]


def _words(words: Words) -> list[bytes]:
    """Each batch's words as bytes."""
    whole = words.words.astype(">u8").tobytes()
    ends = (words.starts * 8).tolist()
    return [whole[start:end] for start, end in pairwise(ends)]


def read_deltadelta_values(values: Sequence[bytes]) -> DeltaDelta:
    """The parts of values that deltadelta_values or the server made; ValueError where they are of another kind."""
    heads = np.frombuffer(b"".join(value[: _DELTADELTA_HEAD.itemsize] for value in values), dtype=_DELTADELTA_HEAD)
    _check(heads, _DELTADELTA)
    slots = _read_words([value[_DELTADELTA_HEAD.itemsize :] for value in values])
    changes = heads["changes"]
    counts = Simple8b(changes["numbers"].astype(np.int64), changes["blocks"].astype(np.int64), slots)
    return DeltaDelta(heads["last"].astype(np.int64), heads["last_step"].astype(np.int64), counts)


def read_gorilla_values(values: Sequence[bytes]) -> Gorilla:
    """The parts of values that gorilla_values or the server made; ValueError where they are of another kind."""
    heads = np.frombuffer(b"".join(value[: _GORILLA_START.itemsize] for value in values), dtype=_GORILLA_START)
    _check(heads, _GORILLA)
    differs, begins, leading, widths, xors = (_Pieces() for _ in range(5))
    for value in values:
        at = differs.add_simple8b(value, _GORILLA_START.itemsize)
        at = begins.add_simple8b(value, at)
        at = leading.add_bit_array(value, at)
        at = widths.add_simple8b(value, at)
        xors.add_bit_array(value, at)
    return Gorilla(
        heads["last"].astype(np.uint64),
        differs.simple8b(),
        begins.simple8b(),
        leading.words(),
        np.array(leading.counts),
        widths.simple8b(),
        xors.words(),
        np.array(xors.counts),
    )


class _Pieces:
    """One part of each value."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.counts: list[int] = []
        self._blocks: list[int] = []

    def add_simple8b(self, value: bytes, at: int) -> int:
        """Add the part that begins there; returns where it ends."""
        count, blocks = _NUMBERS_BLOCKS.unpack_from(value, at)
        start = at + _NUMBERS_BLOCKS.size
        end = start + 8 * (blocks + -(-blocks // 16))
        self._parts.append(value[start:end])
        self.counts.append(count)
        self._blocks.append(blocks)
        return int(end)

    def add_bit_array(self, value: bytes, at: int) -> int:
        """Add the part that begins there; returns where it ends."""
        words, bits = _WORDS_BITS.unpack_from(value, at)
        start = at + _WORDS_BITS.size
        self._parts.append(value[start : start + 8 * words])
        self.counts.append(bits)
        return start + int(8 * words)

    def words(self) -> Words:
        return _read_words(self._parts)

    def simple8b(self) -> Simple8b:
        return Simple8b(np.array(self.counts), np.array(self._blocks), self.words())


def _check(heads: NDArray[np.void], algorithm: int) -> None:
    if (heads["algorithm"] != algorithm).any() or (heads["nulls"] != _NO_NULLS).any():
        raise ValueError


def _read_words(parts: Sequence[bytes]) -> Words:
    lengths = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
    words = np.frombuffer(b"".join(parts), dtype=">u8").astype(np.uint64)
    return Words(words, np.concatenate([[0], np.cumsum(lengths // 8)]))
