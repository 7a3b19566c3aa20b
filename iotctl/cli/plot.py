"""Charts asked for on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from iotctl.cli.terminal import note

if TYPE_CHECKING:
    from iotctl.repositories import Series


def collected(pages: Iterable[Series]) -> Series:
    """Pages as one series; a chart needs it whole."""
    listed = list(pages)
    if not listed:
        return np.empty(0, dtype=np.int64), np.empty(0)
    return np.concatenate([time for time, _ in listed]), np.concatenate([value for _, value in listed])


def plot_readings(series: Series, path: Path, title: str, timezone: str) -> None:
    """Draw readings into a file and say so."""
    from iotctl.charts import draw_readings

    draw_readings(*series, path, title=title, timezone=timezone)
    note(f"chart: {path}")
