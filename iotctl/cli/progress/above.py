"""Lines that stay above a progress bar."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from iotctl.cli.output.sentences import folded
from iotctl.cli.output.terminal import columns_of, printable

if TYPE_CHECKING:
    from rich.progress import Progress


def print_above(progress: Progress, message: str) -> None:
    """Print a line above the bars, in lines that fit the terminal."""
    for line in folded(printable(message), columns_of(sys.stderr)):
        progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
