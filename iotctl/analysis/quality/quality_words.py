"""What is wrong with the readings of a sensor, in words, the worst first; empty where nothing is wrong."""

from __future__ import annotations

from iotctl.analysis.quality.quality import Quality
from iotctl.words import counted, span

# Not mentioned below these: shares of the readings, unevenness as a part of the interval, seconds a day that a clock
# is off.
_LEAST_SHARE, _LEAST_JITTER, _LEAST_DRIFT = 0.001, 0.1, 1.0


def quality_words(quality: Quality) -> list[str]:
    """Short statements about a sensor; what lowers the score most comes first."""
    if not quality.readings:
        return ["no readings"]
    said: list[tuple[float, str]] = []
    if quality.silent:
        said.append((0.5, f"silent for {span(quality.silent / 3600)}"))
    if quality.missing is not None and quality.completeness is not None:
        share = 1 - quality.completeness
        if share >= _LEAST_SHARE:
            said.append((share, f"{_percent(share)} missing{_gaps(quality)}"))
    elif quality.gaps:
        said.append((_LEAST_SHARE, _gaps(quality).removeprefix(", in ")))
    for count, what in (
        (quality.stuck, "stuck"),
        (quality.below, "below the limits"),
        (quality.above, "above the limits"),
    ):
        share = (count or 0) / quality.readings
        if share >= _LEAST_SHARE:
            said.append((share, f"{_percent(share)} {what}"))
    if quality.invalid:
        said.append((quality.invalid / quality.readings, f"{counted(quality.invalid, 'invalid reading')}"))
    words = [words for _, words in sorted(said, key=lambda one: -one[0])]
    if quality.unit_changes:
        newest = [change for change in quality.changes if change.what == "unit"][-1]
        words.append(f"{_times('unit changed', quality.unit_changes)}: {newest.words}")
    if quality.resolution_changes:
        newest = [change for change in quality.changes if change.what == "resolution"][-1]
        words.append(f"{_times('resolution changed', quality.resolution_changes)}: {newest.words}")
    if quality.drift is not None and abs(quality.drift) >= _LEAST_DRIFT:
        side = "later" if quality.drift > 0 else "earlier"
        words.append(f"clock: {abs(quality.drift):.1f} s {side} each day")
    if quality.jitter is not None and quality.interval and quality.jitter >= _LEAST_JITTER * quality.interval:
        words.append(f"uneven intervals: {quality.interval:.4g} s, give or take {quality.jitter:.3g} s")
    return words


def _gaps(quality: Quality) -> str:
    if not quality.gaps:
        return ""
    which = f"{quality.gaps:,} gaps, the longest" if quality.gaps > 1 else "one gap of"
    return f", in {which} {span(quality.longest_gap / 3600)}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"


def _times(what: str, count: int) -> str:
    return what if count == 1 else f"{what} {count} times, last"
