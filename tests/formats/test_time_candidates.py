"""The possible formats of a column: all that can read each of its texts without contradiction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotctl.formats.times.candidates import Candidates, TimeKind, candidate_formats
from iotctl.formats.times.formats import time_grammar

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SURE = 0.9


def candidates(*texts: str) -> Candidates:
    return candidate_formats(pa.array(texts, pa.string()), NOW)


def formats(*texts: str) -> list[str]:
    return [candidate.format for candidate in candidates(*texts).formats]


WRITTEN = [
    ("%m/%d/%y %H:%M", ["5/12/19 18:00", "5/13/19 18:00"]),
    ("%d.%m.%y %H:%M:%S", ["22.05.20 02:00:00"]),
    ("%Y%m%d%H", ["2023092004", "2023092005", "2023092006"]),
    ("%d-%b-%Y %I:%M %p", ["12-Aug-2019 06:00 PM"]),
    ("%Y/%m/%d", ["2019/08/12"]),
    ("%d.%m.%Y", ["12.8.2019"]),
    ("iso", ["2019-08-12T06:00"]),
    ("iso", ["2019-08-12"]),
    ("%b %d %Y", ["Aug 12 2019"]),
    ("%b %d, %Y %I:%M %p", ["Aug 12, 2019 6:00 AM"]),
    ("%m/%d/%Y %I:%M %p", ["08/13/2019 06:00 PM"]),
    ("%d.%m.%Y %H:%M", ["1.2.2021 0:00", "1.2.2021 12:00"]),
    ("%Y%m%d", ["20210102", "20210103"]),
    ("%Y%m%d %H", ["20210102 13"]),
    ("%Y%m%d %H", ["20210102 1", "20210102 24"]),
    ("%Y%m%d%H%M%S%f", ["20210102030405123", "20210102030406123"]),
    ("%y%m%d %H%M", ["210102 0300", "210102 0310"]),
    ("%y%m%d%H%M%S", ["210102030405"]),
    ("%Y %j %H%M", ["2021 32 5", "2021 32 305", "2021 32 2400"]),
    ("iso", ["2021-01-02 03:04:05.123+00", "2021-01-02 03:04:06+00"]),
    ("iso", ["2020-07-08 03:00:00 UTC"]),
    ("iso", ["2021-01-01 00:00:00,123"]),
    ("iso", ["2021-01-01 10:00 - 10:15"]),
    ("%d.%m.%Y %H:%M", ["01.01.2021 00:00 - 01.01.2021 01:00"]),
    ("%Y-%m-%d %H:%M", ["2021-01-01 10:00-10:15", "2021-01-01 10:15-10:30"]),
    ("%a %b %d %H:%M:%S %Y", ["Mon Aug 12 18:00:00 2019"]),
    ("%a %b %d %H:%M:%S %Z %Y", ["Mon Aug  5 18:00:00 CEST 2019"]),
    ("%a, %d %b %Y %H:%M:%S %z", ["Mon, 12 Aug 2019 18:00:00 GMT"]),
    ("[%d/%b/%Y:%H:%M:%S %z]", ["[12/Aug/2019:06:00:00 +0000]"]),
    ("%d%b%Y:%H:%M:%S", ["12AUG2019:18:00:00"]),
    ("%Y-%m-%d %H:%M:%S %z %Z", ["2021-01-02 03:04:05 +0100 CET"]),
    ("%Y-%m-%dT%H:%M%z[%Z]", ["2020-07-08T03:00+02:00[Europe/Berlin]"]),
    ("%H:%M %d.%m.%Y", ["18:00 12.08.2019"]),
    ("%d. %b %Y %H:%M Uhr", ["12. M\u00e4rz 2019 18:00 Uhr"]),
    ("%d.%m.%Y %Hh%M", ["12.03.2019 18h30"]),
    ("%d-%b-%y %H.%M.%S", ["12-dic-19 18.30.00"]),
    ("%Y\u5e74%m\u6708%d\u65e5 %H:%M", ["2019\u5e748\u670812\u65e5 18:00"]),
    ("%Y-%m-%d %H:%M", ["2021-1-5 3:05"]),
    ("%Y-%m-%d %H:%M %Z", ["2021-01-02 03:04 EST", "2021-07-02 03:04 EDT"]),
    ("%Y-%m-%d_%H-%M-%S", ["2021-01-02_03-04-05"]),
    ("%d/%m/%Y, %H:%M:%S", ["13/01/2021, 10:00:00"]),
    ("%d/%m/%Y %H:%M:%S:%f", ["13/01/2021 10:00:00:123"]),
]


@pytest.mark.parametrize(("format_", "texts"), WRITTEN)
def test_a_written_time_is_seen(format_: str, texts: list[str]) -> None:
    best = candidates(*texts).best
    assert best is not None
    assert best.format == format_
    assert best.likelihood > 0.7


COUNTED = [
    ("epoch-s", ".", ["1609459200", "1609459260"]),
    ("epoch-s", ".", ["1609459200.5", "1609459201"]),
    ("epoch-s", ".", ["1.589335200185013E9", "1.589335200482772E9"]),
    ("epoch-s", ",", ["1609459200,5", "1609459201,5"]),
    ("epoch-ms", ".", ["1609459200000", "1609459260000"]),
    ("epoch-us", ".", ["1609459200000000"]),
    ("epoch-ns", ".", ["1547262000000000000", "1547262600000000000"]),
    ("excel", ",", ["44054,000000", "44054,006944", "44054,013889"]),
    ("excel", ".", ["44197.5", "44197.75"]),
    ("matlab", ".", ["738000.25", "738000.5"]),
]


@pytest.mark.parametrize(("format_", "decimal", "texts"), COUNTED)
def test_a_counted_time_is_seen(format_: str, decimal: str, texts: list[str]) -> None:
    best = candidates(*texts).best
    assert best is not None
    assert (best.format, best.decimal) == (format_, decimal)
    assert best.likelihood >= 0.5
    assert best.naive is not format_.startswith("epoch")


@pytest.mark.parametrize(
    "texts",
    [
        ["20.5", "21.0", "20.7"],
        ["20.5", "20.6", "20.7"],
        ["2021", "2022", "2023"],
        ["1", "2", "3", "4"],
        ["1013.2", "1013.1"],
        ["48.778"],
        ["48,778"],
        ["58805", "58805"],
        ["2573"],
        ["44054", "44060", "43900"],
        ["44054.2", "43054.7", "44001.9"],
        ["35000", "35010", "35011"],
        ["2062771666"],
        ["999999999999"],
        ["-999"],
        ["12.5.1", "12.5.2"],
        ["192.168.1.10"],
        ["pump-1", "pump-2"],
        ["May", "June"],
        ["on", "off"],
        ["1/2"],
        ["10-12"],
        ["3FF"],
        ["80-1234-5678"],
        ["12.08.19", "13.08.19"],  # a version as well
        ["2021-03", "2021-04"],  # a part number as well
        [""],
        [],
    ],
)
def test_what_is_hardly_a_time_is_not_taken_for_one(texts: list[str]) -> None:
    found = candidates(*texts)
    assert all(candidate.likelihood < SURE for candidate in found.formats), found
    assert not found.is_time_of_day


@pytest.mark.parametrize(
    ("texts", "day_first"),
    [
        (["01/02/2021 10:00"], None),
        (["1/2/21", "12/12/21"], None),
        (["01-02-2021"], None),
        (["01/02/2021", "13/02/2021"], True),
        (["01/02/2021", "01/13/2021"], False),
        (["01.02.2021"], True),
        (["01.02.21 10:00"], True),
        (["01.13.2021"], False),
        (["2021-02-01"], False),
        (["1-Feb-2021"], False),
        (["1609459200"], False),
    ],
)
def test_day_and_month_are_told_apart_by_all_texts_or_not_at_all(texts: list[str], day_first: bool | None) -> None:
    assert candidates(*texts).day_first is day_first


def test_texts_that_contradict_each_other_have_no_format() -> None:
    assert formats("13/05/2021", "05/13/2021") == []
    assert formats("2021-01-02", "02.01.2021") == []
    assert formats("1609459200", "20210102") == []


def test_a_month_in_front_of_points_is_read_where_nothing_else_can_be() -> None:
    assert formats("01.13.2021") == ["%m.%d.%Y"]
    assert formats("01.12.2021") == ["%d.%m.%Y"]


def test_a_year_of_two_digits_in_front_stays_possible_but_unlikely() -> None:
    assert formats("22.05.20 02:00") == ["%d.%m.%y %H:%M", "%y.%m.%d %H:%M"]


def test_a_time_of_day_is_no_time_but_said_to_be_one_of_day() -> None:
    for texts in (["18:00:00", "18:10:00"], ["6:00 PM"], ["18:00"], ["00:00:00.5"]):
        assert candidates(*texts) == Candidates((), day_first=False, is_time_of_day=True)


def test_dates_zones_and_intervals_are_said() -> None:
    best = candidates("12.8.2019").best
    assert best is not None
    assert best.is_date
    assert best.naive
    assert not best.is_interval
    best = candidates("2021-01-01 10:00 - 10:15").best
    assert best is not None
    assert best.is_interval
    assert not best.is_date
    best = candidates("2021-01-01 10:00Z", "2021-01-01 10:00").best
    assert best is not None
    assert best.naive is None
    best = candidates("2023092004").best
    assert best is not None
    assert best.kind is TimeKind.CALENDAR
    assert not best.is_date


def test_times_of_the_far_future_are_unlikely() -> None:
    found = candidates("2093092004", "2093092005", "2093092006").best
    assert found is not None
    assert found.likelihood < 0.2


STEPS = st.sampled_from([1, 60, 600, 3600, 86_400])
PATTERNS = st.sampled_from(
    ["%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%d/%m/%y %H:%M", "%d-%b-%Y %H:%M", "%Y%m%d%H%M%S", "%b %d, %Y %H:%M:%S"]
)


@given(pattern=PATTERNS, start=st.datetimes(datetime(1995, 1, 1), datetime(2024, 1, 1)), step=STEPS)
@settings(max_examples=60, deadline=None)
def test_the_format_that_texts_were_written_with_is_among_the_candidates(
    pattern: str, start: datetime, step: int
) -> None:
    texts = [(start + timedelta(seconds=step * row)).strftime(pattern) for row in range(50)]
    found = candidates(*texts)
    column = pa.array(texts)
    expected = time_grammar(pattern).read(column).time.tolist()
    read = [time_grammar(other.format, decimal=other.decimal).read(column) for other in found.formats]
    assert expected in [times.time.tolist() for times in read]
    assert not any(times.odd.any() for times in read)
    if "b" in pattern or "Y%m" in pattern:
        assert found.best is not None
        assert found.best.format == pattern
