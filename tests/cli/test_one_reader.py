"""load-mapping and detect --input read what ingest reads, and say what they could not read."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import json
import lzma
import os
import random
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Ended, Iotctl
from tests.process import COMMAND

A, B = "efa4b573-e1b1-46b3-9e8a-0b303d2bb66e", "59b4fd2b-b3c7-43c0-bffc-f661b6aeaacf"
START = datetime(2016, 1, 1, tzinfo=UTC)
ROWS, SPIKE = 400, 250


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def parquet(**columns: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


# --- load-mapping

MAPPING = f"sensor_name;sensor_uuid\nA1;{A}\nB1;{B}\n"


@pytest.mark.parametrize(
    "content",
    [
        MAPPING.encode(),
        codecs.BOM_UTF8 + MAPPING.encode(),
        ("\n \n" + MAPPING).encode(),
        codecs.BOM_UTF8 + ("\r\n" + MAPPING.replace("\n", "\r\n")).encode(),
        MAPPING.replace(";", ",").rstrip("\n").encode(),
        f'"Sensor Name"\t"Sensor UUID"\n"A1"\t"{{{A.upper()}}}"\n\n"B1"\t"{B}"\n'.encode(),
        f"sensor_uuid|note|sensor_name\n{A}|Zürich|A1\n{B}||B1\n".encode("latin-1"),
        MAPPING.encode("utf-16"),
        gzip.compress(MAPPING.encode()),
        bz2.compress(MAPPING.encode()),
        lzma.compress(MAPPING.encode()),
        zstd(MAPPING.encode()),
        parquet(sensor_uuid=[A, B], sensor_name=["A1", "B1"]),
    ],
)
def test_a_mapping_is_read_in_every_form(iotctl: Iotctl, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mapping.csv").write_bytes(content)
    ended = iotctl("load-mapping", "mapping.csv", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["added"] == 2
    for name in ("A1", "B1", A, B):
        assert iotctl("query", name, "2016-01-01", "2016-01-02").returncode == 0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"C1;{A};x", "fields"),
        ("C1", "fields"),
        (f'"C1;{A}', "quote"),
        (f";{A}", "value"),
        ("C1;x", "sensor"),
        (f"C\udcff;{A}", "encoding"),
    ],
)
def test_a_row_that_ingest_would_reject_is_named_and_nothing_is_loaded(
    iotctl: Iotctl, tmp_path: Path, row: str, reason: str
) -> None:
    content = "\n" + MAPPING + row + "\n"
    (tmp_path / "mapping.csv").write_bytes(content.encode("utf-8", "surrogateescape"))
    ended = iotctl("load-mapping", "mapping.csv")
    assert (ended.returncode, f"line 5: {reason}" in ended.stderr) == (1, True), ended.stderr
    assert iotctl("query", "A1", "2016-01-01", "2016-01-02").returncode == 4


# --- detect --input


def values(seed: int = 1) -> list[float]:
    noise = random.Random(seed)
    return [round(noise.gauss(50, 1) + (30 if row == SPIKE else 0), 3) for row in range(ROWS)]


def moments() -> list[datetime]:
    return [START + timedelta(minutes=10 * row) for row in range(ROWS)]


def table(
    header: str = "timestamp,value",
    row: Callable[[datetime, float], str] = lambda moment, value: f"{moment.isoformat()},{value}",
    ends: str = "\n",
) -> str:
    rows = [row(moment, value) for moment, value in zip(moments(), values(), strict=True)]
    return ends.join([header, *rows, ""])


def local(moment: datetime) -> str:
    """In Europe/Berlin, in winter."""
    return (moment + timedelta(hours=1)).replace(tzinfo=None).isoformat(" ")


FORMS: dict[str, bytes] = {
    "plain": table().encode(),
    "mark": codecs.BOM_UTF8 + table('"Time","Value"', lambda m, v: f'"{local(m)}",{v}', "\r\n").encode(),
    "blank": ("\n  \n\n" + table()).encode(),
    "quotes": table("date\tvalue", lambda m, v: f'"{local(m)}"\t"{v}"').encode(),
    "decimal comma": table("timestamp;value", lambda m, v: f"{m.isoformat()};{str(v).replace('.', ',')}").encode(),
    "quoted comma": table(row=lambda m, v: f'{m.isoformat()},"{str(v).replace(".", ",")}"').encode(),
    "epoch": table("x|value|timestamp", lambda m, v: f"|{v}|{int(m.timestamp())}").encode(),
    "no last end": table().rstrip("\n").encode(),
    "utf-16": table().encode("utf-16"),
    "gzip": gzip.compress(table().encode()),
    "zstd": zstd(table().encode()),
    "as ingest": table("timestamp;sensor_uuid;sensor_value", lambda m, v: f"{m.isoformat()};{A};{v}").encode(),
    "parquet": parquet(time=moments(), value=values()),
}


def events(ended: Ended) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(ended.stdout)))


@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_analysed_in_every_form_that_ingest_reads(iotctl: Iotctl, tmp_path: Path, form: str) -> None:
    (tmp_path / "in.csv").write_bytes(FORMS[form])
    ended = iotctl("detect", "--input", "in.csv", "--scores", "s.csv")
    assert ended.returncode == 0, ended.stderr
    assert f"{ROWS} readings" in ended.stderr
    assert [(event["kind"], event["start"]) for event in events(ended)] == [("spike", "2016-01-02T18:40:00+01:00")]
    scores = list(csv.DictReader((tmp_path / "s.csv").open()))
    assert [float(row["value"]) for row in scores] == values()
    assert [datetime.fromisoformat(row["timestamp"]) for row in scores] == moments()


def test_stdin_and_pipes_are_files_too(environment: dict[str, str], tmp_path: Path) -> None:
    for form in ("plain", "gzip", "parquet"):
        ended = subprocess.run(
            [COMMAND, "detect", "--input", "-"],
            env=environment,
            cwd=tmp_path,
            input=FORMS[form],
            capture_output=True,
            check=True,
        )
        assert b"stdin,2016-01-02T18:40:00+01:00" in ended.stdout
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(
        [COMMAND, "detect", "--input", "pipe"], env=environment, cwd=tmp_path, stdout=subprocess.PIPE
    ) as reader:
        (tmp_path / "pipe").write_bytes(FORMS["plain"])
        assert b"pipe,2016-01-02T18:40:00+01:00" in reader.communicate(timeout=60)[0]


def american(moment: datetime, value: float) -> str:
    return f"{moment.month}/{moment.day}/{moment.year} {moment.hour}:{moment.minute:02},{value}"


NOTHING_READABLE = {
    "american times": (table("time,value", american), "line 2 (time): '1/1/2016 0:00"),
    "decimal comma without quotes": (
        table(row=lambda m, v: f"{m.isoformat()},{int(v)},{round(v % 1 * 1000):03}"),
        "line 2 (fields): '2016-01-01T00:00:00+00:00,",
    ),
    "date and time apart": (
        table("Date;Time;Value", lambda m, v: f"{m.date()};{m.time()};{v}"),
        "date and time may be one time together",
    ),
    "texts as values": (table(row=lambda m, v: f"{m.isoformat()},{v} °C"), "line 2 (value)"),
    "no values": (table(row=lambda m, v: f"{m.isoformat()},"), "None of the 400 rows has a value"),
    "header alone": ("timestamp,value\n", "no readings"),
    "empty": ("", "no readings"),
    "mostly unreadable": (
        table(row=lambda m, v: f"{m.isoformat()},{v}" if m.hour == 5 else f"soon,{v}"),
        "line 2 (time): 'soon,",
    ),
}


@pytest.mark.parametrize("case", NOTHING_READABLE)
@pytest.mark.parametrize("options", [[], ["--scores", "s.csv", "--fail-on-anomaly"]])
def test_little_that_can_be_read_is_an_error_that_names_the_first_line(
    iotctl: Iotctl, tmp_path: Path, case: str, options: list[str]
) -> None:
    content, words = NOTHING_READABLE[case]
    (tmp_path / "in.csv").write_text(content)
    ended = iotctl("detect", "--input", "in.csv", *options)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert words in ended.stderr
    assert len(ended.stderr.splitlines()) <= 3
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "s.csv").exists()


def test_a_few_unreadable_rows_are_told_and_counted(iotctl: Iotctl, tmp_path: Path) -> None:
    lines = table().splitlines()
    lines[7:7] = ["2016-01-01T00:59Z,1,2", "never,3", "2016-01-01T00:59Z,many"]
    lines[40] = lines[40].partition(",")[0] + ","  # a missing value is no bad row
    (tmp_path / "in.csv").write_text("\n".join(lines))
    ended = iotctl("detect", "--input", "in.csv", "--scores", "s.csv")
    assert ended.returncode == 3, ended.stderr
    assert "3 of 403 rows cannot be read" in ended.stderr
    assert "line 8 (fields): '2016-01-01T00:59Z,1,2'" in ended.stderr
    assert "1 not finite left out" in ended.stderr
    assert len(events(ended)) == 1
    assert iotctl("detect", "--input", "in.csv", "--fail-on-anomaly").returncode == 10
    scores = list(csv.DictReader((tmp_path / "s.csv").open()))
    assert (len(scores), scores[36]["value"], scores[36]["score"]) == (400, "", "")


# --- several sensors


def fleet(names: tuple[str, ...]) -> str:
    """Each sensor has its spike in another row, and its own level: mixed up, they would be noise."""
    lines = ["time,sensor,value"]
    noise = random.Random(2)
    for row, moment in enumerate(moments()):
        for number, name in enumerate(names):
            value = 100 * number + noise.gauss(0, 1) + (40 if row == 100 + number else 0)
            lines.append(f"{moment.isoformat()},{name},{value}")
    return "\n".join(lines)


def test_each_sensor_of_a_file_is_analysed_by_itself(iotctl: Iotctl, tmp_path: Path) -> None:
    names = ("boiler", A, "pump 2", "x1", "x2", "x3", "x4", "x5", "x6")
    (tmp_path / "in.csv").write_text(fleet(names))
    ended = iotctl("detect", "--input", "in.csv", "--scores", "s.csv")
    assert ended.returncode == 0, ended.stderr
    assert f"{len(names)} sensors" in ended.stderr
    found = {(event["sensor"], event["kind"], event["start"]) for event in events(ended)}
    expected = {
        (name, "spike", (START + timedelta(minutes=10 * (100 + number), hours=1)).strftime("%Y-%m-%dT%H:%M:00+01:00"))
        for number, name in enumerate(names)
    }
    assert found == expected
    assert len({event["event_id"] for event in events(ended)}) == len(names)
    scores = list(csv.DictReader((tmp_path / "s.csv").open()))
    assert [row["sensor"] for row in scores] == list(names) * ROWS
    assert all(abs(float(row["expected"]) - 100 * names.index(row["sensor"])) < 10 for row in scores)
    one = iotctl("detect", "--input", "in.csv", "--sensor", "pump 2", "--plot", "chart.svg", "--scores", "one.csv")
    assert [event["sensor"] for event in events(one)] == ["pump 2"]
    assert len(list(csv.DictReader((tmp_path / "one.csv").open()))) == ROWS
    assert iotctl("detect", "--input", "in.csv", "--plot", "chart.svg").returncode == 2
    missing = iotctl("detect", "--input", "in.csv", "--sensor", "pump 3")
    assert (missing.returncode, "pump 2" in missing.stderr) == (4, True)
    assert iotctl("detect", "--sensor", "pump 2", "--all").returncode == 2
    (tmp_path / "one.csv").write_text(table())
    assert iotctl("detect", "--input", "one.csv", "--sensor", "x").returncode == 2


# --- one time, two values


def test_readings_that_contradict_one_another_get_a_warning(iotctl: Iotctl, tmp_path: Path) -> None:
    lines = table().splitlines()
    (tmp_path / "twice.csv").write_text("\n".join([*lines, *lines[1:11]]))
    twice = iotctl("detect", "--input", "twice.csv")
    assert (twice.returncode, "conflict" in twice.stderr) == (0, False)
    assert "10 repeated time left out" in twice.stderr
    other = [line.partition(",")[0] + ",1.5" for line in lines[1:4]]
    (tmp_path / "other.csv").write_text("\n".join([*lines, *lines[1:11], *other]))
    conflicting = iotctl("detect", "--input", "other.csv")
    assert conflicting.returncode == 0
    assert "3 conflicts" in conflicting.stderr
    assert f"2016-01-01T01:00:00+01:00 has {values()[0]} and 1.5" in conflicting.stderr
    assert "10 repeated time left out" in conflicting.stderr


def test_hours_in_a_column_of_their_own_show_as_conflicts(iotctl: Iotctl, tmp_path: Path) -> None:
    rows = "".join(f"2016-01-0{1 + hour // 24};{hour % 24};{40 + hour}\n" for hour in range(48))
    (tmp_path / "in.csv").write_text("date;hour;value\n" + rows)
    ended = iotctl("detect", "--input", "in.csv")
    assert ended.returncode == 3
    assert "46 conflicts" in ended.stderr
    assert "2016-01-01T00:00:00+01:00 has 40.0 and 41.0" in ended.stderr


def test_times_of_a_file_are_read_in_the_zone_and_the_hour_that_options_say(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("timestamp,value\n2016-10-30 02:30,1\n2016-10-30 12:00,2\n")

    def read(*options: str) -> list[str]:
        ended = iotctl("detect", "--input", "in.csv", "--scores", "s.csv", *options)
        assert ended.returncode == 0, ended.stderr
        return [row["timestamp"] for row in csv.DictReader((tmp_path / "s.csv").open())]

    assert read("--timezone", "UTC") == ["2016-10-30T03:30:00+01:00", "2016-10-30T13:00:00+01:00"]
    assert read("--ambiguous", "earlier")[0] == "2016-10-30T02:30:00+02:00"
    assert read("--ambiguous", "later")[0] == "2016-10-30T02:30:00+01:00"
    assert iotctl("detect", "--input", "in.csv", "--timezone", "Mars/Base").returncode == 2
