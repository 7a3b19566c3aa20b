"""The range of a query: two words, or --start and --end, either alone; and what is said where nothing lies in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Iotctl

FIRST = datetime(2025, 3, 1, tzinfo=UTC)
READINGS = [(FIRST + timedelta(hours=hour), float(hour)) for hour in range(72)]
NAME = "AHU 7/Supply Air"


@pytest.fixture
def loaded(iotctl: Iotctl, tmp_path: Path) -> Iotctl:
    rows = [f"{time:%Y-%m-%dT%H:%M:%SZ},{NAME},{value}" for time, value in READINGS]
    (tmp_path / "in.csv").write_text("\n".join(["time,sensor,value", *rows, ""]))
    assert iotctl("ingest", "in.csv", "--layout", "auto").returncode == 0
    return iotctl


def test_the_range_of_a_query_is_two_words_or_two_options(loaded: Iotctl) -> None:
    low, high = FIRST + timedelta(hours=12), FIRST + timedelta(hours=36)
    start, end = f"{low:%Y-%m-%dT%H:%MZ}", f"{high:%Y-%m-%dT%H:%MZ}"
    for words, since, until in (
        ((NAME, start, end), low, high),
        ((NAME, "--start", start, "--end", end), low, high),
        (("--end", end, NAME, "--start", start), low, high),
        ((NAME, "--start", start), low, datetime.max.replace(tzinfo=UTC)),
        ((NAME, "--end", end), FIRST, high),
        (("AHU*", "--start", "1970-01-01"), FIRST, datetime.max.replace(tzinfo=UTC)),
    ):
        answer = loaded("query", *words, "--utc")
        wanted = [f"{time:%Y-%m-%dT%H:%M:%S}+00:00,{value}" for time, value in READINGS if since <= time < until]
        assert answer.stdout.splitlines() == ["timestamp,sensor_value", *wanted], words
        assert answer.stderr == ""
    sums = loaded("query", NAME, "--start", "2025-03-01", "--every", "1d", "--agg", "sum", IOTCTL_TIMEZONE="UTC")
    by_day = [sum(value for time, value in READINGS if time.day == day) for day in (1, 2, 3)]
    assert [float(line.split(",")[1]) for line in sums.stdout.splitlines()[1:]] == by_day


def test_a_query_without_an_answer_says_from_when_to_when_there_are_readings(loaded: Iotctl, tmp_path: Path) -> None:
    for words in ((NAME, "2024-01-01", "2024-01-02"), (NAME, "--start", "2030-01-01"), (NAME, "--end", "2020-01-01")):
        for form in ("csv", "json", "parquet"):
            answer = loaded("query", *words, "--utc", "--format", form, "-o", tmp_path / "out")
            assert answer.returncode == 0
            assert answer.stderr == (
                f"{NAME} has no readings in this range; it has some from 2025-03-01T00:00:00+00:00 to"
                " 2025-03-03T23:00:00+00:00.\n"
            )
    assert loaded("query", NAME, "2024-01-01", "2024-01-02", "--quiet").stderr == ""


def test_a_query_without_a_range_names_both_ways(loaded: Iotctl) -> None:
    for words in ((NAME,), (NAME, "2025-03-01")):
        answer = loaded("query", *words)
        assert answer.returncode == 2
        assert "--start" in answer.stderr
    assert loaded("query", NAME, "--start", "2025-03-02", "--end", "2025-03-01").returncode == 2


@pytest.mark.parametrize("name", ["out.xlsx", "out.csv.gz", "out.tsv", "out.pdf"])
def test_a_file_whose_name_promises_another_format_is_not_written(loaded: Iotctl, tmp_path: Path, name: str) -> None:
    for command in (("query", NAME, "2025-03-01", "2025-03-02"), ("sensors",), ("detect", NAME), ("runs",)):
        answer = loaded(*command, "-o", name)
        assert answer.returncode == 2, command
        assert name in answer.stderr
        assert "--format" in answer.stderr
        assert answer.stdout == ""
        assert not (tmp_path / name).exists()
    assert loaded("sensors", "--format", "csv", "-o", name).returncode == 0
    assert (tmp_path / name).read_text().startswith("sensor,")


def test_the_usual_names_of_formats_are_known(loaded: Iotctl, tmp_path: Path) -> None:
    for name, start in (
        ("a.csv", b"sensor,"), ("a.TXT", b"sensor,"), ("a", b"sensor,"), ("a.json", b"["), ("a.jsonl", b'{"sensor"'),
        ("a.ndjson", b'{"sensor"'), ("a.parquet", b"PAR1"), ("a.pq", b"PAR1"),
    ):  # fmt: skip
        assert loaded("sensors", "-o", name).returncode == 0
        assert (tmp_path / name).read_bytes().startswith(start), name


def test_a_chart_comes_without_readings_unless_they_are_asked_for(loaded: Iotctl, tmp_path: Path) -> None:
    words = ("query", NAME, "--start", "2025-03-03T00:00Z", "--plot", "chart.html")
    alone = loaded(*words)
    assert (alone.returncode, alone.stdout) == (0, "")
    assert "chart.html" in alone.stderr
    assert (tmp_path / "chart.html").exists()
    assert len(loaded(*words, "--format", "csv").stdout.splitlines()) == 1 + 24
    assert loaded(*words, "-o", "out.csv").returncode == 0
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 1 + 24
    nothing = loaded("query", NAME, "--start", "2030-01-01", "--plot", "chart.html")
    assert "has no readings in this range" in nothing.stderr
