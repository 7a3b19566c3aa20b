"""The value of a bucket, computed in the slow and obvious way."""

from __future__ import annotations

import math
from collections.abc import Callable

from iotctl.repositories.readings.buckets import Aggregate

OF: dict[Aggregate, Callable[[list[float]], float]] = {
    Aggregate.MEAN: lambda values: math.fsum(values) / len(values),
    Aggregate.SUM: math.fsum,
    Aggregate.MIN: min,
    Aggregate.MAX: max,
    Aggregate.COUNT: len,
    Aggregate.FIRST: lambda values: values[0],
    Aggregate.LAST: lambda values: values[-1],
}
