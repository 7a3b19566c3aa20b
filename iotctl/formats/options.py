"""Options for reading files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from iotctl.formats.layouts.layout import STANDARD, Layout
from iotctl.model import Ambiguous, DecimalSign, Int96, Nonexistent, TimeForm


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most size; none at the end."""


# Opens the stored bytes of a file at a byte offset.
OpenAt = Callable[[int], BinaryIO]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """timezone: of times without an offset. batch_rows: a batch ends with the block in which it reaches this number.

    missing_is_nan: a row without a value is a reading of NaN. settle_seconds: a last line without an end counts as
    finished when its file has not changed for this long. keep_rejects: number of bad rows that are kept with line and
    text; the others are counted. layouts: a file has the first layout with a matching pattern.
    """

    timezone: str = "Europe/Berlin"
    ambiguous: Ambiguous = Ambiguous.INFER
    nonexistent: Nonexistent = Nonexistent.FORWARD
    allow_nan: bool = False
    missing_is_nan: bool = False
    settle_seconds: float = 60.0
    keep_rejects: int = 1000
    time_form: TimeForm = TimeForm.AUTO
    decimal: DecimalSign = DecimalSign.AUTO
    int96: Int96 = Int96.UTC
    layouts: tuple[Layout, ...] = (STANDARD,)
    batch_rows: int = 1_000_000
    block_bytes: int = 8 * 1024 * 1024
