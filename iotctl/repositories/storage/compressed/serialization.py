"""The parts of a compressed value as bytes: what the binary receive function of compressed_data takes, big-endian."""

from __future__ import annotations

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
_BIT_ARRAY_HEAD = np.dtype([("words", ">u4"), ("bits", "u1")])


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
