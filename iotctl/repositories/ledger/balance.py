"""The balance of rows: what became of each that was read."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Balance:
    """Rows of a file or run: rows_read == loaded + duplicates + conflicts + rejected + missing + bad_quality.

    duplicates: their reading is there already; conflicts: another value is there for their sensor and time. missing:
    they have no value; bad_quality: the file itself says that it is not good. In a file with many values a row, each
    value is a row here.
    """

    rows_read: int = 0
    loaded: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: int = 0
    missing: int = 0
    bad_quality: int = 0
    ambiguous: int = 0
    nonexistent: int = 0

    def __add__(self, other: Balance) -> Balance:
        return Balance(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: Balance) -> Balance:
        return Balance(*(ours - theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))

    @property
    def holds(self) -> bool:
        """Whether every row read is accounted for."""
        return self.rows_read == self.loaded + self.duplicates + self.conflicts + self.no_readings

    @property
    def no_readings(self) -> int:
        """Rows that give no reading, for whatever reason."""
        return self.rejected + self.missing + self.bad_quality
