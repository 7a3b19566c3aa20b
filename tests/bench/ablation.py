"""The value of each part of detection: everything except that part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis import detection
from iotctl.analysis.events import events
from iotctl.analysis.events.described import Modelled, Stretch
from iotctl.analysis.events.events import find_events
from iotctl.analysis.modelling import modelling, regimes, segmentation
from iotctl.analysis.modelling.regimes import Line
from iotctl.analysis.modelling.textbook import least_squares
from iotctl.analysis.scores.components import Components, measure_components
from iotctl.analysis.scores.promised import ALWAYS
from iotctl.analysis.scores.rolling import Column
from iotctl.analysis.scores.tails import Tail
from iotctl.model import Event, SensorMemory

Floats = NDArray[np.float64]

# The substitute of a part: (module, name, substitute).
Substitute = tuple[Any, str, Any]


def _without(*names: str) -> Substitute:
    """Components without these; those that trim events stay, as zeros."""

    def measure(u: Floats, stuck: Column, known_good: NDArray[np.bool_] | None = None, step: float = 0.0) -> Components:
        found = measure_components(u, stuck, known_good, step)
        scores: dict[str, Column] = {
            name: np.zeros(len(u)) if name in names else score
            for name, score in found.scores.items()
            if name in ("point", "local", "stuck") or not name.startswith(names)
        }
        slow = {name: score for name, score in found.slow.items() if not name.startswith(names)}
        return Components(scores, slow, found.usual)

    return detection, "measure_components", measure


def _no_breaks(*_: Any, **__: Any) -> NDArray[np.intp]:
    return np.empty(0, dtype=np.intp)


def _unmoved(_costs: Any, breaks: NDArray[np.intp], _more: Any) -> NDArray[np.intp]:
    return breaks


def _lines_as_they_are(_x: Floats, _y: Floats, lines: list[Line], *_: Any) -> list[Line]:
    return lines


def _same_scale(_hours: Any, scale: Floats, *_: Any) -> Floats:
    return scale


def _whole_stretch(_sharp: Floats, start: int, end: int, *_: Any) -> tuple[int, int]:
    return start, end


def _severe_or_not(
    series: Modelled,
    components: Components,
    tails: Mapping[str, Tail],
    threshold: float,
    _: float,
    rate: float,
    memory: SensorMemory | None,
) -> list[Event]:
    return find_events(series, components, tails, threshold, 0.0, rate, memory)


def _no_habits(*_: Any) -> dict[Stretch, float]:
    return {}


def _never(_components: Any, _tails: Any, runs: Sequence[Any], _asked: float) -> Floats:
    return np.full(len(runs), ALWAYS)


def _all_rows(*_: Any) -> None:
    return None


def _odd_rows(u: Floats, _before: Floats, _after: Floats) -> tuple[int, int]:
    return 0, len(u)


PARTS: dict[str, list[Substitute]] = {
    "segmentation": [(modelling, "segment", _no_breaks)],
    "breaks placed at full resolution": [(segmentation, "_refine", _unmoved)],
    "weak breaks dropped": [(segmentation, "_eliminate", _unmoved)],
    "steps of quantised sensors filled": [(modelling, "dithered", lambda y: y)],
    "robust lines (least squares instead)": [(regimes, "_robust_line", least_squares)],
    "short pieces bridged": [(regimes, "_REGIME_PART", 0.0), (regimes, "_REGIME_HOURS", 0.0)],
    "regimes go on after an event": [(regimes, "_continued", _lines_as_they_are)],
    "short pieces like their neighbour": [(regimes, "_widened", _lines_as_they_are)],
    "season": [(modelling, "find_seasons", lambda *_: ())],
    "scale by the hour": [(modelling, "_scale", _same_scale)],
    "component point": [_without("point")],
    "component local": [_without("local")],
    "component level": [_without("level")],
    "component spread": [_without("spread")],
    "component shape": [_without("shape")],
    "component stuck": [_without("stuck")],
    "severity": [(detection, "find_events", _severe_or_not)],
    "more asked of a crowd": [(events, "_CROWD_DECADES", 0.0)],
    "habits left out": [(events, "habits", _no_habits)],
    "what chance explains left out": [(events, "by_tails", _never)],
    "tails without the anomalies": [(detection, "usual_rows", _all_rows)],
    "events trimmed": [(events, "_trimmed", _whole_stretch)],
    "strays left out": [(events, "_STRAY_ROWS", 0)],
    "drifts from their zero": [(events, "_whole_drift", _odd_rows)],
}


@contextmanager
def without(part: str) -> Iterator[None]:
    """Detection without this part of PARTS, inside the context."""
    with ExitStack() as stack:
        for module, name, substitute in PARTS[part]:
            stack.enter_context(patch.object(module, name, substitute))
        yield
