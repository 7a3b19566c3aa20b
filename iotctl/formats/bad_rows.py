"""Rows that are not loaded, as arrays: even a file of only bad rows needs no Python object per row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.model import RejectReason

_REASONS = tuple(RejectReason)
_CODES = {reason: code for code, reason in enumerate(_REASONS)}


@dataclass(frozen=True, slots=True)
class BadRows:
    """line: int64 (n,), from 1. code: int8 (n,), the reason of each; see code_of() and reason_of().

    field: int16 (n,), the number of the bad field, see BatchBuilder.field; -1 for none.
    """

    line: NDArray[np.int64]
    code: NDArray[np.int8]
    field: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.line)

    def __getitem__(self, at: slice | NDArray[np.bool_]) -> BadRows:
        return BadRows(self.line[at], self.code[at], self.field[at])

    def counts(self) -> dict[RejectReason, int]:
        """Reason -> number of rows; without reasons that have no rows."""
        found = np.bincount(self.code, minlength=len(_REASONS)).tolist()
        return {reason: count for reason, count in zip(_REASONS, found, strict=True) if count}


def bad_rows(line: NDArray[np.int64], reason: RejectReason, field: int = -1) -> BadRows:
    """Rows with the same reason, and the same bad field if there is one."""
    return BadRows(line, np.full(len(line), _CODES[reason], np.int8), np.full(len(line), field, np.int16))


def listed_bad_rows(found: Sequence[tuple[int, RejectReason]]) -> BadRows:
    """Rows with a reason each: (line, reason) in ascending order of lines."""
    line = np.array([line for line, _ in found], dtype=np.int64)
    code = np.array([_CODES[reason] for _, reason in found], dtype=np.int8)
    return BadRows(line, code, np.full(len(line), -1, dtype=np.int16))


def joined_bad_rows(pieces: Sequence[BadRows]) -> BadRows:
    """The rows of all pieces, in order of their lines."""
    line = np.concatenate([np.empty(0, dtype=np.int64), *(piece.line for piece in pieces)])
    code = np.concatenate([np.empty(0, dtype=np.int8), *(piece.code for piece in pieces)])
    field = np.concatenate([np.empty(0, dtype=np.int16), *(piece.field for piece in pieces)])
    if not np.any(line[1:] < line[:-1]):  # the usual case
        return BadRows(line, code, field)
    order = np.argsort(line, kind="stable")
    return BadRows(line[order], code[order], field[order])


def code_of(reason: RejectReason) -> int:
    """A reason's code."""
    return _CODES[reason]


def reason_of(code: int) -> RejectReason:
    """A code's reason."""
    return _REASONS[code]
