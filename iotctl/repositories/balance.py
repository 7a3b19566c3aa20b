"""The balance of rows: what became of each that was read."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Balance:
    """Rows of a file or run: rows_read == loaded + duplicates + conflicts + rejected.

    duplicates: their reading is there already; conflicts: another value is there for their sensor and time.
    """

    rows_read: int = 0
    loaded: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: int = 0
    ambiguous: int = 0
    nonexistent: int = 0

    def __add__(self, other: Balance) -> Balance:
        return Balance(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: Balance) -> Balance:
        return Balance(*(ours - theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))

    @property
    def holds(self) -> bool:
        """Whether every row read is accounted for."""
        return self.rows_read == self.loaded + self.duplicates + self.conflicts + self.rejected
