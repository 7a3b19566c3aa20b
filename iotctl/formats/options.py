"""How files are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from iotctl.formats.layouts.layout import STANDARD, Layout
from iotctl.model import Ambiguous, DecimalSign, Int96, Nonexistent, TimeForm


class Readable(Protocol):
    """Bytes one after the other."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most so many; none at the end."""


# Opens the stored bytes of a file at a byte offset.
OpenAt = Callable[[int], BinaryIO]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """timezone: of times without an offset. batch_rows: a batch ends with the block in which it reaches so many.

    missing_is_nan: a row without a value is a reading of NaN. settle_seconds: a last line without an end counts as
    finished once its file has not changed for so long. keep_rejects: so many bad rows are kept with line and text, the
    others are counted. layouts: the first whose patterns fit a file's name is its layout.
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
