"""What a scheduled run decides on: events that readings behind the watermark may still have changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iotctl.analysis import detect
from iotctl.model import Kind
from iotctl.services.analyse import _is_open

MINUTE = 60_000_000
DAY = 1440 * MINUTE


def test_a_change_that_lasts_is_open_ten_days_later_and_a_spike_is_not() -> None:
    value = np.random.default_rng(1).normal(50, 1, 60 * 144)
    value[40 * 144 :] += 10
    found = detect(10 * MINUTE * np.arange(len(value)), value)
    (step,) = found.events
    assert step.kind is Kind.STEP
    assert _is_open(step, found, 50 * DAY)
    assert not _is_open(step, found, 55 * DAY)
    assert not _is_open(replace(step, kind=Kind.SPIKE), found, 50 * DAY)
