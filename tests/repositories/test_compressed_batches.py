"""Compressed batches have the written readings, by a slow and obvious reader; no server is needed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from iotctl.repositories.storage.compressed import (
    OtherFormatError,
    compress,
    copy_rows,
    decompress,
    deltadelta,
    gorilla,
)
from iotctl.repositories.storage.compressed.serialization import (
    deltadelta_values,
    gorilla_values,
    read_deltadelta_values,
    read_gorilla_values,
)
from iotctl.repositories.storage.sorted_readings import OwnedReadings
from tests.kinds_of_readings import FLOATS, SPECIAL, WHOLE_NUMBERS, Floats, floats, whole_numbers
from tests.obvious_compressed import Value, bits_of, read_deltadelta, read_gorilla

Numbers = NDArray[np.uint64]

EPOCH = 946_684_800_000_000  # 2000-01-01 UTC, from which PostgreSQL counts


def with_changes(zigzag: Numbers) -> NDArray[np.int64]:
    """Numbers whose steps change so: the batch of them comes out as these blocks."""
    change = (zigzag >> np.uint64(1)).view(np.int64) ^ -(zigzag & np.uint64(1)).view(np.int64)
    numbers: NDArray[np.int64] = np.cumsum(np.cumsum(change))
    return numbers


def deltadeltas(batches: list[NDArray[np.int64]]) -> list[bytes]:
    return deltadelta_values(deltadelta.encode(np.concatenate(batches), np.cumsum([0, *map(len, batches)])))


def gorillas(batches: list[Floats]) -> list[bytes]:
    return gorilla_values(gorilla.encode(np.concatenate(batches), np.cumsum([0, *map(len, batches)])))


@settings(max_examples=60, deadline=None)
@given(st.lists(whole_numbers(), min_size=1, max_size=6))
def test_whole_numbers_come_back_whatever_their_steps(zigzags: list[Numbers]) -> None:
    batches = [with_changes(zigzag) for zigzag in zigzags]
    values = deltadeltas(batches)
    assert [read_deltadelta(value) for value in values] == [batch.tolist() for batch in batches]
    assert deltadelta.decode(read_deltadelta_values(values)).tolist() == np.concatenate(batches).tolist()


def test_every_width_and_every_selector_comes_back() -> None:
    noise, seen = np.random.default_rng(5), set()
    for width in range(65):
        batches = [with_changes(make(noise, 150, width)) for make in WHOLE_NUMBERS.values()]
        values = deltadeltas(batches)
        assert [read_deltadelta(value) for value in values] == [batch.tolist() for batch in batches]
        assert deltadelta.decode(read_deltadelta_values(values)).tolist() == np.concatenate(batches).tolist()
        for value in values:
            reader = Value(value[18:])
            reader.simple8b()
            seen.update(reader.selectors)
    assert seen == set(range(1, 16))


def test_the_last_block_is_as_full_as_what_is_left() -> None:
    odd = np.arange(70, dtype=np.uint64) % np.uint64(2)
    for width in (*range(1, 9), 10, 11, 12, 15, 16, 17, 20, 21, 22, 31, 32, 33, 36, 37, 62):
        batches = [with_changes((1 << width) + odd[:size]) for size in range(1, 71)]
        assert [read_deltadelta(value) for value in deltadeltas(batches)] == [batch.tolist() for batch in batches]


def test_even_steps_take_a_few_bytes() -> None:
    (value,) = deltadeltas([np.arange(1000) * 60_000_000])
    assert len(value) <= 58  # what the server's own takes


@settings(max_examples=60, deadline=None)
@given(st.lists(floats(), min_size=1, max_size=6))
def test_floats_come_back_bit_by_bit(batches: list[Floats]) -> None:
    values = gorillas(batches)
    assert [read_gorilla(value) for value in values] == [bits_of(batch.tolist()) for batch in batches]
    assert gorilla.decode(read_gorilla_values(values)).tobytes() == np.concatenate(batches).tobytes()


@pytest.mark.parametrize("kind", FLOATS)
def test_every_kind_of_float_comes_back_in_batches_of_every_size(kind: str) -> None:
    noise = np.random.default_rng(5)
    batches = [FLOATS[kind](noise, size) for size in (*range(1, 40), 64, 65, 999, 1000)]
    assert [read_gorilla(value) for value in gorillas(batches)] == [batch.view(np.uint64).tolist() for batch in batches]


def test_a_batch_of_one_special_float_comes_back() -> None:
    batches = [SPECIAL[at : at + 1] for at in range(len(SPECIAL))]
    assert [read_gorilla(value) for value in gorillas(batches)] == [batch.view(np.uint64).tolist() for batch in batches]


def test_a_batch_comes_out_alike_whatever_lies_beside_it() -> None:
    """Batches are packed together: none may see the numbers of another one."""
    noise = np.random.default_rng(5)
    batches = [make(noise, size) for make in FLOATS.values() for size in (1, 7, 100)]
    assert gorillas(batches) == [gorillas([batch])[0] for batch in batches]
    numbers = [batch.view(np.int64) for batch in batches]
    assert deltadeltas(numbers) == [deltadeltas([batch])[0] for batch in numbers]


def test_many_batches_come_back_in_their_order() -> None:
    noise = np.random.default_rng(5)
    starts = np.cumsum([0, *noise.integers(1, 4, 5000), *[1000] * 140])
    size = starts[-1]
    time, value = noise.integers(-(2**60), 2**60, size), noise.normal(size=size)
    file = np.repeat(noise.choice(np.array([0, 1, 2**31 - 1, -(2**31)], np.int32), len(starts) - 1), np.diff(starts))
    file[starts[10]] = 77
    compressed = compress(OwnedReadings(np.zeros(size, np.int32), time + EPOCH, file, value), starts)
    for batch in (*range(50), *range(4000, 4200), 5000, *range(5120, 5140)):
        rows = slice(starts[batch], starts[batch + 1])
        assert read_deltadelta(compressed.times[batch]) == time[rows].tolist()
        assert read_deltadelta(compressed.file_ids[batch]) == file[rows].tolist()
        assert read_gorilla(compressed.values[batch]) == bits_of(value[rows].tolist())
    assert len(compressed) == len(compressed.times) == len(compressed.file_ids) == len(compressed.values)


def test_what_does_not_end_as_it_says_is_refused() -> None:
    times, values = deltadeltas([np.arange(0, 5000, 7), np.arange(9)]), gorillas([np.arange(715.0), np.arange(9.0)])
    decompress(times, values)
    for some in (times, values):
        for at in (0, 1, 9, 17, -1):  # algorithm, nulls, last number, blocks
            broken = bytearray(some[0])
            broken[at] ^= 1
            with pytest.raises(OtherFormatError):
                decompress(*([bytes(broken), some[1]] if some is kind else kind for kind in (times, values)))


COLUMNS = ["_ts_meta_count", "sensor_id", "file_id", "_ts_meta_min_1", "_ts_meta_max_1", "timestamp", "sensor_value"]


def test_rows_have_the_columns_in_the_order_asked_for() -> None:
    time = np.array([0, 60, 120, 7, 8]) * 1_000_000 + 1_577_836_800_000_000
    readings = OwnedReadings(
        np.array([3, 3, 3, 4, 4], np.int32), time, np.array([9, 9, 9, 1, 2], np.int32), np.array([1, 1.5, np.nan, 0, 7])
    )
    for columns in (COLUMNS, COLUMNS[::-1], ["_ts_meta_v2_first_timestamp", "_ts_meta_v2_last_timestamp", *COLUMNS]):
        rows = [fields(row) for row in copy_rows(compress(readings, np.array([0, 3, 5])), columns)]
        first, second = (dict(zip(columns, row, strict=True)) for row in rows)
        assert [integer(row["_ts_meta_count"]) for row in (first, second)] == [3, 2]
        assert [integer(row["sensor_id"]) for row in (first, second)] == [3, 4]
        assert [read_deltadelta(row["file_id"]) for row in (first, second)] == [[9, 9, 9], [1, 2]]
        times = (time - EPOCH).tolist()
        assert [read_deltadelta(row["timestamp"]) for row in (first, second)] == [times[:3], times[3:]]
        assert [integer(row["_ts_meta_min_1"]) for row in (first, second)] == [times[0], times[3]]
        assert [integer(row["_ts_meta_max_1"]) for row in (first, second)] == [times[2], times[4]]
        if "_ts_meta_v2_first_timestamp" in first:
            assert first["_ts_meta_v2_first_timestamp"] == first["_ts_meta_min_1"]
            assert second["_ts_meta_v2_last_timestamp"] == second["_ts_meta_max_1"]
        assert read_gorilla(first["sensor_value"]) == bits_of([1, 1.5, float("nan")])


def fields(row: bytes) -> list[bytes]:
    """The fields of a row of binary COPY."""
    count, at, found = int.from_bytes(row[:2]), 2, []
    for _ in range(count):
        length = int.from_bytes(row[at : at + 4])
        found.append(row[at + 4 : at + 4 + length])
        at += 4 + length
    assert at == len(row)
    return found


def integer(field: bytes) -> int:
    return int.from_bytes(field, signed=True)
