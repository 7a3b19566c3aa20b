"""Times by a format: whole columns agree with one text at a time, and with the standard library."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import timezone as fixed
from decimal import Decimal, localcontext

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotctl.formats.times.counted_times import CountedGrammar
from iotctl.formats.times.formats import time_grammar
from iotctl.formats.times.grammar import TimeGrammar
from iotctl.formats.times.iso_grammar import IsoGrammar
from iotctl.formats.times.strptime import StrptimeGrammar

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PATTERNS = [
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%y %H:%M",
    "%d-%b-%Y %I:%M:%S %p",
    "%d. %B %Y %H:%M:%S.%f",
    "%Y/%m/%d",
    "%Y%m%d%H",
    "%Y%m%d %H",
    "%Y%m%d%H%M%S%f",
    "%d%m%y %H%M",
    "%Y %j %H:%M",
    "%Y-%m-%dT%H:%M:%S%z",
    "%a %b %d %H:%M:%S %Y",
    "%H:%M:%S %d/%m/%Y",
    "%b %d, %Y %H:%M",
]
ENDS = ["", "", " ", "\t", ".5", ",123", ".1234567", " AM", "pm", "Z", "+01:00", " UTC", "x", "\u00e4"]
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23))


def microseconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(microseconds=1)


def one_by_one(grammar: TimeGrammar, texts: Sequence[str | None]) -> list[tuple[int, bool] | None]:
    found: list[tuple[int, bool] | None] = []
    for text in texts:
        try:
            found.append(None if text is None else grammar.parse(text))
        except ValueError:
            found.append(None)
    return found


def at_once(grammar: TimeGrammar, column: pa.Array) -> list[tuple[int, bool] | None]:
    times = grammar.read(column)
    rows = zip(times.time.tolist(), times.naive.tolist(), times.odd.tolist(), strict=True)
    return [None if odd else (time, naive) for time, naive, odd in rows]


def moment_of(grammar: TimeGrammar, text: str) -> datetime | None:
    """What a column of this text and others is read as; enough of them that they are read at once."""
    found = set(at_once(grammar, pa.array([text] * 100)))
    assert len(found) == 1
    time = found.pop()
    assert time == one_by_one(grammar, [text])[0]
    return None if time is None else EPOCH.replace(tzinfo=None if time[1] else UTC) + timedelta(microseconds=time[0])


def without_zeros(text: str) -> str:
    return " ".join("/".join(part.lstrip("0") or "0" for part in word.split("/")) for word in text.split(" "))


# Clean texts of a pattern, the same without zeros or in another case, with something behind, a sign changed, or none.
def texts_of(pattern: str) -> st.SearchStrategy[str | None]:
    clean = MOMENTS.map(lambda moment: moment.strftime(pattern).replace("%z", "+01:00"))
    if pattern.endswith("%z"):
        clean = st.builds(
            lambda text, zone: text + zone, clean, st.sampled_from(["Z", "+01", "-0530", " +14:00", "+24"])
        )
    twisted = st.builds(
        lambda text, at, sign: text[: at % len(text)] + sign + text[at % len(text) + 1 :],
        clean,
        st.integers(0, 40),
        st.sampled_from("0123456789 :./-apmT\u00e4"),
    )
    return st.one_of(
        clean,
        clean,
        clean.map(without_zeros),
        clean.map(str.upper),
        clean.map(str.lower),
        st.builds(lambda text, end: text + end, clean, st.sampled_from(ENDS)),
        twisted,
        st.none(),
        st.text(max_size=20),
    )


@pytest.mark.parametrize("pattern", PATTERNS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_column_is_read_as_each_of_its_texts(pattern: str, data: st.DataObject) -> None:
    texts = data.draw(st.lists(texts_of(pattern), min_size=1, max_size=40))
    texts = texts * (30 // len(texts) + 1) * 3  # enough of each length that they are read at once
    grammar = time_grammar(pattern)
    expected = one_by_one(grammar, texts)
    assert at_once(grammar, pa.array(texts, pa.string())) == expected
    assert at_once(grammar, pa.array(["begin", *texts, "end"], pa.string())[1:-1]) == expected
    assert at_once(grammar, pa.array(texts, pa.large_string())) == expected
    assert at_once(grammar, pa.array(texts, pa.string()).dictionary_encode()) == expected


NUMBERS = st.one_of(
    st.decimals(-(10**11), 10**11, places=6).map(str),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(-1e20, 1e20).map(repr),
    st.floats(1e8, 1e10).map(lambda number: f"{number:.15E}"),
    st.integers(0, 10**20).map(lambda number: f"{str(number)[0]}.{str(number)[1:]}E{len(str(number)) - 1}"),
    st.sampled_from(["", "-", ".", "1.", ".5", "1e5", "1E+400000000", "1e-50", "-1e-50", "nan", "inf", "0x10", "1,5"]),
    st.none(),
)
ISO_TEXTS = st.builds(
    lambda moment, form, end: moment.strftime(form) + end,
    MOMENTS,
    st.sampled_from(
        [
            "%Y-%m-%d %H:%M:%S",
            "%Y-%m-%dT%H:%M:%S.%f",
            "%Y-%m-%d %H:%M:%S,%f9",
            "%Y-%m-%d %H:%M",
            "%Y-%m-%d %H",
            "%Y%m%dT%H%M%S",
            "%Y%m%d",
            "%Y%m%d%H",
            "%Y-%m-%d",
            "%Y-%m-%d 24:00",
            "%Y-%m-%d %-H:%M",
            "%d.%m.%Y",
        ]
    ),
    st.sampled_from(
        [
            "",
            "",
            "Z",
            "z",
            " UTC",
            "utc",
            " GMT-3",
            "+1",
            "+01",
            "-0530",
            " +01:30",
            "+1:30",
            "+130",
            "+01:3015",
            "+01:30:15",
            "+24",
            "−5",
            "−٥",
            " ",
            "x",
            " CET",
            "\xa0UTC",
        ]
    ),
)


@given(texts=st.lists(st.one_of(ISO_TEXTS, st.none(), NUMBERS, st.text(max_size=12)), min_size=1, max_size=30))
@settings(max_examples=150, deadline=None)
def test_a_column_of_iso_times_is_read_as_each_of_its_texts(texts: list[str | None]) -> None:
    texts = texts * (30 // len(texts) + 1) * 3
    grammar = time_grammar("iso")
    assert at_once(grammar, pa.array(texts, pa.string())) == one_by_one(grammar, texts)


@pytest.mark.parametrize("pattern", [pattern for pattern in PATTERNS if not pattern.endswith("%z")])
@given(moments=st.lists(st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)), min_size=30, max_size=40))
@settings(max_examples=30, deadline=None)
def test_clean_texts_are_what_the_standard_library_reads(pattern: str, moments: list[datetime]) -> None:
    texts = [moment.strftime(pattern) for moment in moments]
    expected = [(microseconds(datetime.strptime(text, pattern).replace(tzinfo=UTC)), True) for text in texts]
    assert at_once(time_grammar(pattern), pa.array(texts)) == expected


@given(
    moments=st.lists(MOMENTS.filter(lambda moment: 2 < moment.year < 9999), min_size=30, max_size=40),
    minutes=st.integers(-1439, 1439),
)
@settings(max_examples=40, deadline=None)
def test_an_offset_behind_a_time_is_what_the_standard_library_reads(moments: list[datetime], minutes: int) -> None:
    aware = [moment.replace(tzinfo=fixed(timedelta(minutes=minutes))) for moment in moments]
    texts = [f"{moment:%d.%m.}{moment.year:04d} {moment:%H:%M:%S.%f %z}" for moment in aware]
    expected = [(microseconds(moment), False) for moment in aware]
    assert at_once(time_grammar("%d.%m.%Y %H:%M:%S %z"), pa.array(texts)) == expected


CLEAN = [
    ("%d.%m.%Y %H:%M:%S", "{0:%d.%m.%Y %H:%M:%S}"),
    ("%d/%m/%Y %H:%M", "{0.day}/{0.month}/{0.year} {0.hour}:{0:%M}"),
    ("%m/%d/%Y %I:%M %p", "{0:%m/%d/%Y %I:%M %p}"),
    ("%d. %B %Y %H:%M:%S.%f", "{0:%d. %B %Y %H:%M:%S.%f}"),
    ("%Y-%m-%d %H:%M:%S %z", "{0:%Y-%m-%d %H:%M:%S} +01:00"),
    ("%Y-%m-%d %H:%M:%S %Z", "{0:%Y-%m-%d %H:%M:%S} CEST"),
    ("%d.%m.%Y %H:%M", "{0:%d.%m.%Y %H:%M} - {0:%d.%m.%Y %H:%M}"),
    ("iso", "{0:%Y-%m-%d %H:%M:%S}"),
    ("iso", "{0:%Y-%m-%d %H:%M:%S},123"),
    ("iso", "{0:%Y-%m-%dT%H:%M:%S}.1234567Z"),
    ("iso", "{0:%Y-%m-%d %H:%M:%S} UTC"),
    ("epoch-s", "1.5893352{0:%H%M%S%f}E9"),
    ("epoch-ms", "1589335{0:%H%M%S}"),
    ("excel", "44054.{0:%H%M%S}"),
]


@pytest.mark.parametrize(("name", "written"), CLEAN)
def test_a_clean_column_is_read_without_a_call_per_text(
    name: str, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object, text: str) -> tuple[int, bool]:
        raise AssertionError(f"{text!r} is read one by one")

    texts = [written.format(datetime(2019, 1, 1) + timedelta(hours=7, seconds=61) * row) for row in range(2000)]
    grammar = time_grammar(name)
    expected = one_by_one(grammar, texts)
    for kind in (StrptimeGrammar, CountedGrammar, IsoGrammar):
        monkeypatch.setattr(kind, "parse", fail)
    assert at_once(grammar, pa.array(texts)) == expected
    assert None not in expected


READ = [
    ("%d/%m/%Y %H:%M", "3/5/2023 3:05", "2023-05-03 03:05"),
    ("%m/%d/%y %H:%M", "5/12/19 18:00", "2019-05-12 18:00"),
    ("%d.%m.%y %H:%M:%S", "22.05.69 02:00:00", "1969-05-22 02:00"),
    ("%d.%m.%y %H:%M:%S", "22.05.68 02:00:00", "2068-05-22 02:00"),
    ("%Y%m%d%H", "2023092004", "2023-09-20 04:00"),
    ("%Y%m%d%H", "2023092024", "2023-09-21 00:00"),
    ("%Y%m%d %H", "20231231 24", "2024-01-01 00:00"),
    ("%Y%m%d %H", "20231231    1", "2023-12-31 01:00"),
    ("%Y-%m-%d %H:%M:%S", "2023-12-31 24:00:00", "2024-01-01 00:00"),
    ("%d%m%Y", "1022021", "2021-02-01 00:00"),
    ("%m/%d/%Y %I:%M %p", "08/12/2019 12:00 AM", "2019-08-12 00:00"),
    ("%m/%d/%Y %I:%M %p", "08/12/2019 12:30 p.m.", "2019-08-12 12:30"),
    ("%m/%d/%Y %I:%M %p", "8/12/2019 6:00p", "2019-08-12 18:00"),
    ("%m/%d/%Y %I:%M%p", "8/12/2019 6:00\u202fPM", "2019-08-12 18:00"),
    ("%d/%m/%Y %I:%M %p", "12/8/2019 6:00 p. m.", "2019-08-12 18:00"),
    ("%d-%b-%Y %H:%M", "12-AUG-2019 18:00", "2019-08-12 18:00"),
    ("%d. %B %Y", "3. M\u00e4rz 2021", "2021-03-03 00:00"),
    ("%d. %B %Y", "3. Ma\u0308rz 2021", "2021-03-03 00:00"),
    ("%d %b %Y", "3 d\u00e9c. 2021", "2021-12-03 00:00"),
    ("%d %b %Y", "3 ago 2021", "2021-08-03 00:00"),
    ("%d %b %Y", "3 MEI 2021", "2021-05-03 00:00"),
    ("%d-%b-%y", "3-gen-21", "2021-01-03 00:00"),
    ("%b %d %Y", "Aug  5 2019", "2019-08-05 00:00"),
    ("%Y-%j", "2020-366", "2020-12-31 00:00"),
    ("%Y %j", "2021 5", "2021-01-05 00:00"),
    ("%Y-%m", "2021-03", "2021-03-01 00:00"),
    ("%H:%M:%S", None, None),
    ("%Y-%m-%d %H:%M:%S", "2021-01-01 00:00:00,123", "2021-01-01 00:00:00.123"),
    ("%Y-%m-%d %H:%M:%S.%f", "2021-01-01 00:00:00", "2021-01-01 00:00:00"),
    ("%Y-%m-%d %H:%M:%S.%f", "2021-01-01 00:00:00.123456789", "2021-01-01 00:00:00.123456"),
    ("%Y-%m-%d %H:%M:%S:%f", "2021-01-01 00:00:00:123", "2021-01-01 00:00:00.123"),
    ("%Y-%m-%d %H:%M:%S %Z", "2020-07-08 03:00:00 UTC", "2020-07-08 03:00:00+00:00"),
    ("%Y-%m-%d %H:%M %Z", "2020-07-08 03:00 CEST", "2020-07-08 01:00+00:00"),
    ("%Y-%m-%d %H:%M %Z", "2020-07-08 03:00 Europe/Berlin", "2020-07-08 01:00+00:00"),
    ("%Y-%m-%dT%H:%M%z[%Z]", "2020-07-08T03:00+02:00[Europe/Berlin]", "2020-07-08 01:00+00:00"),
    ("%d.%m.%Y %H:%M%z", "08.07.2020 03:00\u22125", "2020-07-08 08:00+00:00"),
    ("%D %T", "07/08/20 03:00:01", "2020-07-08 03:00:01"),
    ("%Y\u5e74%m\u6708%d\u65e5", "2020\u5e747\u67088\u65e5", "2020-07-08 00:00"),
    ("%d.%m.%Y um %H Uhr", "08.07.2020 UM 3 uhr", "2020-07-08 03:00"),
    ("iso", "2021-01-02 03:04:05.123+00", "2021-01-02 03:04:05.123+00:00"),
    ("iso", "20210102T030405Z", "2021-01-02 03:04:05+00:00"),
    ("iso", "20210102", "2021-01-02 00:00"),
    ("iso", "2021-01-02 24:00", "2021-01-03 00:00"),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), [case for case in READ if case[1]])
def test_a_text_is_read_as_its_pattern_says(pattern: str, text: str, expected: str) -> None:
    assert moment_of(time_grammar(pattern), text) == datetime.fromisoformat(expected)


ODD = [
    ("%d.%m.%Y", "30.02.2021"),
    ("%d/%m/%Y", "31/04/2021"),
    ("%d/%m/%Y", "29/02/2021"),
    ("%Y-%j", "2021-366"),
    ("%Y-%j", "2021-000"),
    ("%d.%m.%Y", "0.1.2021"),
    ("%d.%m.%Y", "01.13.2021"),
    ("%d.%m.%Y", "01.01.0000"),
    ("%d.%m.%Y", "01.01.21"),
    ("%d.%m.%Y", "01-01-2021"),
    ("%d.%m.%Y", "01.01.2021 00:00"),
    ("%d.%m.%Y", ""),
    ("%Y-%m-%d %H:%M", "2021-01-01 24:01"),
    ("%Y-%m-%d %H:%M", "2021-01-01 25:00"),
    ("%Y-%m-%d %H:%M", "2021-01-01 23:60"),
    ("%Y-%m-%d %H:%M:%S", "2021-01-01 23:59:60"),
    ("%Y-%m-%d %H:%M:%S", "2021-01-01 24:00:00.5"),
    ("%Y-%m-%d %H:%M:%S", "2021-01-01 00:00:00."),
    ("%Y-%m-%d %I:%M %p", "2021-01-01 13:00 PM"),
    ("%Y-%m-%d %I:%M %p", "2021-01-01 0:30 AM"),
    ("%Y-%m-%d %H:%M%z", "2021-01-01 00:00"),
    ("%Y-%m-%d %H:%M%z", "2021-01-01 00:00+24:00"),
    ("%Y-%m-%d %H:%M%z", "2021-01-01 00:00+01:60"),
    ("%Y-%m-%d %H:%M %Z", "2021-01-01 00:00 IST"),
    ("%Y-%m-%d %H:%M %Z", "2020-10-25 02:30 Europe/Berlin"),
    ("%Y-%m-%d %H:%M %Z", "2020-03-29 02:30 Europe/Berlin"),
    ("%d %b %Y", "1 mart 2021"),
    ("%Y%m%d", "2021011"),
    ("%Y%m%d", "\u0662\u0660\u0662\u0661\u0660\u0661\u0660\u0661"),
    ("iso", "1609459200"),
    ("iso", "12345678"),
    ("iso", "2021-02-30"),
    ("iso", "01.02.2021"),
]


@pytest.mark.parametrize(("pattern", "text"), ODD)
def test_a_text_that_is_no_time_of_the_pattern_is_odd(pattern: str, text: str) -> None:
    assert moment_of(time_grammar(pattern), text) is None


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("foo", "epoch-s"),
        ("", "is not a time format"),
        ("%d.%m. %H:%M", "has no year"),
        ("%Y %d", "a day but no month"),
        ("%Y-%m-%d %I:%M", "AM or PM"),
        ("%Y-%m-%d %H:%M %p", "%I in place of %H"),
        ("%Y-%m-%d %M", "minutes but no hour"),
        ("%Y-%m-%d %H %S", "seconds but no minutes"),
        ("%Y-%m-%d %H:%M.%f", "do not follow its seconds"),
        ("%Y-%y", "the year twice"),
        ("%Y-%m-%m", "twice"),
        ("%Y-%m-%b", "the month twice"),
        ("%Y-%j-%d", "day of the year"),
        ("%c", "write it out"),
        ("%s", "epoch-s"),
        ("%Y-W%W", "weeks"),
        ("%Y-%Q", "epoch-ms"),
        ("%Y-%E", "possible are"),
        ("%Y-%", "possible are"),
    ],
)
def test_a_pattern_that_cannot_be_read_says_why(pattern: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        time_grammar(pattern)


COUNTS = {"epoch-s": 6, "epoch-ms": 3, "epoch-us": 0, "epoch-ns": -3, "elapsed-s": 6, "elapsed-ms": 3}


@pytest.mark.parametrize("name", [*COUNTS, "excel", "matlab"])
@pytest.mark.parametrize("decimal", [".", ","])
@given(texts=st.lists(NUMBERS, min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_a_column_of_numbers_is_read_as_each_of_them(name: str, decimal: str, texts: list[str | None]) -> None:
    texts = [text and text.replace(".", decimal) for text in texts] * (30 // len(texts) + 1)
    grammar = time_grammar(name, decimal=decimal)
    assert at_once(grammar, pa.array(texts, pa.string())) == one_by_one(grammar, texts)


@pytest.mark.parametrize("name", COUNTS)
@given(numbers=st.lists(st.decimals(-(10**10), 10**10, allow_nan=False), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_numbers_count_from_1970_on_down_to_the_microsecond(name: str, numbers: list[Decimal]) -> None:
    for text in map(str, numbers):
        with localcontext(prec=200):
            exact = int((Decimal(text).scaleb(COUNTS[name])).to_integral_value("ROUND_FLOOR"))
        assert at_once(time_grammar(name), pa.array([text] * 30)) == [(exact, name.startswith("elapsed"))] * 30


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("epoch-s", "1.589335200185013E9", "2020-05-13 02:00:00.185013+00:00"),
        ("epoch-s", "1609459200", "2021-01-01 00:00+00:00"),
        ("epoch-s", "-1", "1969-12-31 23:59:59+00:00"),
        ("epoch-ms", "1609459200123", "2021-01-01 00:00:00.123+00:00"),
        ("epoch-us", "1609459200123456", "2021-01-01 00:00:00.123456+00:00"),
        ("epoch-ns", "1547262000000000999", "2019-01-12 03:00+00:00"),
        ("epoch-ns", "1547262000000001000", "2019-01-12 03:00:00.000001+00:00"),
        ("excel", "44054.006944", "2020-08-11 00:10:00"),  # 38.4 ms less; half of its last decimal is 43.2 ms
        ("excel", "44054.006943", "2020-08-11 00:09:59.875"),
        ("excel", "4.4054006944E4", "2020-08-11 00:10:00"),
        ("excel", "44054.0069440", "2020-08-11 00:09:59.962"),
        ("excel", "44054.0069", "2020-08-11 00:09:56"),
        ("excel", "44054.0069444444", "2020-08-11 00:10:00"),
        ("excel", "61", "1900-03-01 00:00"),
        ("matlab", "738000.25", "2020-07-28 06:00"),
        ("elapsed-s", "0.5", "1970-01-01 00:00:00.5"),
    ],
)
def test_a_number_is_read_as_its_unit_says(name: str, text: str, expected: str) -> None:
    assert moment_of(time_grammar(name), text) == datetime.fromisoformat(expected)
    assert moment_of(time_grammar(name, decimal=","), text.replace(".", ",")) == datetime.fromisoformat(expected)


@pytest.mark.parametrize("text", ["60", "20.5", "0", "-1", "2958466", "1e300"])
def test_a_number_before_the_days_of_excel_or_after_them_is_odd(text: str) -> None:
    assert moment_of(time_grammar("excel"), text) is None


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_timestamps_need_no_format(unit: str, zone: str | None) -> None:
    moments = [datetime(2021, 7, 1, 12, tzinfo=UTC), datetime(1950, 1, 1, tzinfo=UTC), None]
    column = pa.array(moments, pa.timestamp(unit, "UTC")).cast(pa.timestamp(unit, zone))
    expected = [None if moment is None else (microseconds(moment), zone is None) for moment in moments]
    for name in ("iso", "epoch-s", "%d.%m.%Y"):
        assert at_once(time_grammar(name), column) == expected


def test_columns_of_other_types_are_read_as_they_are_printed() -> None:
    noon = (microseconds(datetime(2021, 1, 2, 12)), True)
    day = (microseconds(datetime(2021, 1, 2)), True)
    epoch = (noon[0], False)
    seconds = noon[0] // 10**6
    days = [date(2021, 1, 2), None]
    cases: list[tuple[str, pa.Array, list[tuple[int, bool] | None]]] = [
        ("iso", pa.array(days), [day, None]),
        ("iso", pa.array(days).cast(pa.date64()), [day, None]),
        ("%Y%m%d%H", pa.array([2021010212, None]), [noon, None]),
        ("%Y%m%d%H", pa.array([2021010212.0, None]), [noon, None]),
        ("%Y%m%d%H", pa.array([Decimal(2021010212), None]), [noon, None]),
        ("iso", pa.array([20210102, None], pa.uint32()), [day, None]),
        ("epoch-s", pa.array([seconds, None, 2**62]), [epoch, None, None]),
        ("epoch-s", pa.array([seconds, 2**63], pa.uint64()), [epoch, None]),
        ("epoch-s", pa.array([seconds + 0.185013, None, float("nan"), float("inf"), 1e300]), [
            (epoch[0] + 185_013, False), None, None, None, None
        ]),
        ("epoch-s", pa.array([Decimal("1.5"), None]), [(1_500_000, False), None]),
        ("epoch-ns", pa.array([epoch[0] * 1000 + 999, None]), [epoch, None]),
        ("excel", pa.array([44198.5, None, 20.5]), [noon, None, None]),
        ("excel", pa.array([44198, 20]), [day, None]),
        ("matlab", pa.array([738158.5]), [noon]),
        ("epoch-s", pa.nulls(2), [None, None]),
        ("%d.%m.%Y", pa.nulls(2), [None, None]),
        ("iso", pa.array([True, False]), [None, None]),
        ("iso", pa.array([[1], None]), [None, None]),
        ("iso", pa.array([b"2021-01-02", None]), [day, None]),
        ("iso", pa.array([b"\xff", None]), [None, None]),
        ("iso", pa.array([], pa.string()), []),
        ("%d.%m.%Y", pa.array([], pa.string()), []),
        ("epoch-s", pa.array([], pa.float32()), []),
    ]  # fmt: skip
    for name, column, expected in cases:
        assert at_once(time_grammar(name), column) == expected, (name, column.type)
        assert at_once(time_grammar(name, decimal=","), column) == expected, (name, column.type)
