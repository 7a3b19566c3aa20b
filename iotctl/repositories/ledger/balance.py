"""The balance of rows: how many rows were read, and what became of them."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Balance:
    """Rows of a file or run: rows_read == loaded + duplicates + conflicts + rejected + missing + bad_quality.

    duplicates: the table already has the reading. conflicts: it has another value for the sensor and time. missing:
    rows without a value. bad_quality: the file itself marks them as bad. If a file has many values in a row, each value
    counts as a row.
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
        """Whether the sum is right."""
        return self.rows_read == self.loaded + self.duplicates + self.conflicts + self.no_readings

    @property
    def no_readings(self) -> int:
        """Rows that give no reading, for any reason."""
        return self.rejected + self.missing + self.bad_quality
