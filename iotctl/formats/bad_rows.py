"""Rows that are not loaded, as arrays: a file of nothing else costs no Python object per row."""

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
    """line: int64 (n,), from 1. code: int8 (n,), why each is not loaded; code_of() and reason_of() translate."""

    line: NDArray[np.int64]
    code: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.line)

    def __getitem__(self, at: slice) -> BadRows:
        return BadRows(self.line[at], self.code[at])

    def counts(self) -> dict[RejectReason, int]:
        """How many rows each reason keeps out; reasons without rows are left out."""
        found = np.bincount(self.code, minlength=len(_REASONS)).tolist()
        return {reason: count for reason, count in zip(_REASONS, found, strict=True) if count}


def bad_rows(line: NDArray[np.int64], reason: RejectReason) -> BadRows:
    """Rows that one and the same reason keeps out."""
    return BadRows(line, np.full(len(line), _CODES[reason], dtype=np.int8))


def joined_bad_rows(pieces: Sequence[BadRows]) -> BadRows:
    """Pieces together, in order of their lines."""
    line = np.concatenate([np.empty(0, dtype=np.int64), *(piece.line for piece in pieces)])
    code = np.concatenate([np.empty(0, dtype=np.int8), *(piece.code for piece in pieces)])
    if not np.any(line[1:] < line[:-1]):  # as it is nearly always
        return BadRows(line, code)
    order = np.argsort(line, kind="stable")
    return BadRows(line[order], code[order])


def code_of(reason: RejectReason) -> int:
    """A reason's code."""
    return _CODES[reason]


def reason_of(code: int) -> RejectReason:
    """A code's reason."""
    return _REASONS[code]
