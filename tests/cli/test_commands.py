"""The commands as users see them: output, exit codes, errors."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iotctl.repositories import Database
from tests.cli.conftest import Iotctl
from tests.fork_server import ForkServer
from tests.process import COMMAND, run
from tests.store import S3Server, free_port

A, B = "efa4b573-e1b1-46b3-9e8a-0b303d2bb66e", "59b4fd2b-b3c7-43c0-bffc-f661b6aeaacf"
MAPPING = f"sensor_name;sensor_uuid\nsensor_00000;{A}\nsensor_00001;{B}\n"
READINGS = (
    "timestamp;sensor_uuid;sensor_value\n"
    f"2015-12-31 23:53:00;{B};-75.33380361808872\n"
    f"2016-01-01 00:00:00+01:00;{A};1.5\n"
    f"2016-01-01 00:08:00;{A};2.5\n"
    f"2016-01-01 00:16:00;{A};oops\n"
    f"2016-01-01 00:08:00;{A};9.5\n"
)


@pytest.fixture
def bucket(store: S3Server, request: pytest.FixtureRequest) -> str:
    """A bucket with a mapping and two files under a prefix, one of which is no data file."""
    name = "b-" + "".join(char for char in request.node.name.lower() if char.isalnum())[:40]
    store.put(name, "mapping/mapping.csv", MAPPING.encode())
    store.put(name, "timeseries/2016/data 001.csv", READINGS.encode())
    store.put(name, "timeseries/readme.pdf", b"%PDF")
    return f"s3://{name}"


def loaded(iotctl: Iotctl, bucket: str) -> None:
    assert iotctl("load-mapping", f"{bucket}/mapping/mapping.csv").returncode == 0
    assert iotctl("ingest", f"{bucket}/timeseries/").returncode == 3


def test_the_main_job_from_bucket_to_query(iotctl: Iotctl, bucket: str) -> None:
    mapping = iotctl("load-mapping", "--json", IOTCTL_MAPPING_URI=f"{bucket}/mapping/mapping.csv")
    counts = {"sensors": 2, "added": 2, "renamed": 0, "changed": 0, "unchanged": 0}
    assert json.loads(mapping.stdout) == counts | {"names_taken": [], "labels_unreadable": 0, "dry_run": False}
    ingest = iotctl("ingest", "--json", IOTCTL_TIMESERIES_URI=f"{bucket}/timeseries/")
    assert ingest.returncode == 3
    summary = json.loads(ingest.stdout)
    expected = {"files": 1, "files_skipped": 1, "rows_read": 5, "rows_loaded": 3, "conflicts": 1, "rejected": 1}
    assert {name: summary[name] for name in expected} == expected
    assert summary["seconds"] > 0
    assert summary["rows_per_second"] > 0
    assert "readme.pdf" in ingest.stderr
    query = iotctl("query", "sensor_00000", "2016-01-01", "2016-01-02")
    assert query.returncode == 0
    assert query.stdout == ("timestamp,sensor_value\n2016-01-01T00:00:00+01:00,1.5\n2016-01-01T00:08:00+01:00,2.5\n")
    again = json.loads(iotctl("ingest", f"{bucket}/timeseries/2016/", "--json").stdout)
    assert (again["files"], again["files_skipped"], again["rows_read"]) == (0, 1, 0)


def test_a_second_run_is_clean_and_a_changed_object_is_loaded_again(
    iotctl: Iotctl, bucket: str, store: S3Server
) -> None:
    uri = f"{bucket}/timeseries/2016/"
    assert iotctl("ingest", uri).returncode == 3
    assert iotctl("ingest", uri).returncode == 0
    store.put(bucket[5:], "timeseries/2016/data 001.csv", READINGS.encode() + f"2016-01-03;{A};7\n".encode())
    summary = json.loads(iotctl("ingest", uri, "--json").stdout)
    assert (summary["files"], summary["rows_loaded"], summary["conflicts"], summary["removed"]) == (1, 4, 1, 0)


def test_rejects_are_listed_with_file_line_reason_and_text(iotctl: Iotctl, bucket: str, tmp_path: Path) -> None:
    loaded(iotctl, bucket)
    (tmp_path / "b.csv").write_text(f"timestamp;sensor_uuid;sensor_value\nnever;{A};1\n2016-01-01;{A}\n")
    assert iotctl("ingest", "b.csv", "--workers", "1").returncode == 1
    everything = list(csv.DictReader(io.StringIO(iotctl("rejects").stdout)))
    first = {
        "file": f"{bucket}/timeseries/2016/data 001.csv",
        "line": "5",
        "reason": "value",
        "text": f"2016-01-01 00:16:00;{A};oops",
    }
    assert first in everything
    assert len(everything) == 3
    of_one = json.loads(iotctl("rejects", "--file", "b.csv", "--format", "json").stdout)
    assert [(row["line"], row["reason"]) for row in of_one] == [(2, "time"), (3, "fields")]
    assert iotctl("rejects", "--reason", "fields", "--limit", "5").stdout.count("\n") == 2
    assert iotctl("rejects", "--file", "none").stdout == "file,line,reason,text\n"


def test_a_lower_reject_limit_holds_for_a_run_that_goes_on(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("timestamp;sensor_uuid;sensor_value\n" + "x\n" * 5)
    refused = iotctl("ingest", "a.csv", "--max-rejects", "4")
    assert refused.returncode == 1
    assert "line 2 (fields)" in refused.stderr
    assert iotctl("ingest", "a.csv", "--max-rejects", "5").returncode == 1
    assert json.loads(iotctl("status", "--json").stdout)["rejects"] == 5


def test_files_load_from_a_folder_and_a_dry_run_writes_nothing(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "a.csv").write_text(READINGS)
    dry = json.loads(iotctl("ingest", "in", "--dry-run", "--json").stdout)
    assert (dry["rows_read"], dry["rejected"], dry["rows_loaded"], dry["dry_run"]) == (5, 1, 0, True)
    assert json.loads(iotctl("status", "--json").stdout)["readings"] == 0
    ingested = iotctl("ingest", "in", "--json", "--quiet")
    assert (json.loads(ingested.stdout)["rows_loaded"], ingested.stderr) == (3, "")
    status = json.loads(iotctl("status", "--json").stdout)
    assert (status["readings"], status["files"], status["rejects"]) == (3, {"loaded": 1}, 1)
    assert (status["first"], status["last"]) == ("2015-12-31T23:53:00+01:00", "2016-01-01T00:08:00+01:00")


def test_every_format_of_query_has_the_same_rows(iotctl: Iotctl, bucket: str, tmp_path: Path) -> None:
    loaded(iotctl, bucket)
    bounds = ("query", A.upper(), "2016-01-01", "2016-01-02T00:00:00+01:00")
    expected = [("2016-01-01T00:00:00+01:00", 1.5), ("2016-01-01T00:08:00+01:00", 2.5)]
    rows = list(csv.DictReader(io.StringIO(iotctl(*bounds, "--format", "csv").stdout)))
    assert [(row["timestamp"], float(row["sensor_value"])) for row in rows] == expected
    records = json.loads(iotctl(*bounds, "--format", "json").stdout)
    assert [(record["timestamp"], record["sensor_value"]) for record in records] == expected
    lines = iotctl(*bounds, "--format", "ndjson").stdout.splitlines()
    assert [tuple(json.loads(line).values()) for line in lines] == expected
    table = iotctl(*bounds, "--format", "table").stdout.splitlines()[2:]
    assert [(line.split()[0], float(line.split()[1])) for line in table] == expected
    assert iotctl(*bounds, "-o", "out.parquet").returncode == 0
    read = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["timestamp"].isoformat(), row["sensor_value"]) for row in read] == expected
    assert iotctl(*bounds, "--limit", "1").stdout.count("\n") == 2
    mean = iotctl(*bounds, "--every", "1h", "--agg", "mean").stdout.splitlines()
    assert mean == ["timestamp,sensor_value", "2016-01-01T00:00:00+01:00,2.0"]
    empty = ("query", "sensor_00000", "1999-01-01", "1999-01-02", "--format")
    assert json.loads(iotctl(*empty, "json").stdout) == []
    assert iotctl(*empty, "ndjson").stdout == ""


def test_several_sensors_are_written_with_a_column_for_the_sensor(iotctl: Iotctl, tmp_path: Path) -> None:
    names = ["pump_1", "pump_2", 'pump, "3"', "fan"]
    rows = [(name, f"2016-01-0{day}T00:00:00+00:00", float(day)) for name in names for day in (1, 2)]
    with (tmp_path / "in.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("timestamp", "sensor", "value"), *((time, name, value) for name, time, value in rows)]
        )
    assert iotctl("ingest", "in.csv", "--layout", "auto").returncode == 0
    asked = ("query", "pump_[12]", 'pump, "3"', "2016-01-01", "2016-01-05", "--utc")
    expected = [row for row in rows if row[0] != "fan"]
    read = csv.reader(io.StringIO(iotctl(*asked).stdout))
    assert next(read) == ["sensor", "timestamp", "sensor_value"]
    assert [(name, time, float(value)) for name, time, value in read] == expected
    for form in ("json", "ndjson"):
        text = iotctl(*asked, "--format", form).stdout
        records = json.loads(text) if form == "json" else [json.loads(line) for line in text.splitlines()]
        assert [tuple(record.values()) for record in records] == expected
    table = iotctl(*asked, "--format", "table").stdout.splitlines()
    assert [line[: len('pump, "3"')].rstrip() for line in table] == ["sensor", "-" * 9, *(row[0] for row in expected)]
    drawn = iotctl(*asked, "-o", "out.parquet", "--plot", "lines.svg")
    assert drawn.returncode == 0, drawn.stderr
    assert all(f">{name}</text>" in (tmp_path / "lines.svg").read_text() for name in ("pump_1", "pump_2", 'pump, "3"'))
    stored = pq.read_table(tmp_path / "out.parquet")
    assert (stored.schema.field("timestamp").type, stored.num_rows) == (pa.timestamp("us", tz="UTC"), len(expected))
    assert [row["sensor"] for row in stored.to_pylist()] == [row[0] for row in expected]
    counted = ("query", "fan", "2016-01-01", "2016-01-05", "--every", "1d", "--agg", "count", "-o", "count.parquet")
    assert iotctl(*counted).returncode == 0
    assert pq.read_table(tmp_path / "count.parquet").schema.field("sensor_value").type == pa.int64()
    assert iotctl("query", "*mp_9", "2016-01-01", "2016-01-05").returncode == 4
    assert iotctl("query", "2016-01-01", "2016-01-05").returncode == 2


def test_days_and_weeks_of_a_query_are_those_of_the_zone(iotctl: Iotctl, tmp_path: Path) -> None:
    hours = [datetime(2016, 3, 24, tzinfo=UTC) + timedelta(hours=hour) for hour in range(24 * 8)]
    rows = "".join(f"{hour.isoformat()};{A};1\n" for hour in hours)
    (tmp_path / "in.csv").write_text("timestamp;sensor_uuid;sensor_value\n" + rows)
    assert iotctl("ingest", "in.csv").returncode == 0
    days = ("query", A, "2016-03-26", "2016-03-28", "--every", "1d", "--agg", "count")
    expected = ["timestamp,sensor_value", "2016-03-26T00:00:00+01:00,24", "2016-03-27T00:00:00+01:00,23"]
    assert iotctl(*days).stdout.splitlines() == expected
    # Half an hour off UTC: midnights are at 18:30.
    expected = ["timestamp,sensor_value", "2016-03-26T00:00:00+05:30,24", "2016-03-27T00:00:00+05:30,24"]
    assert iotctl(*days, IOTCTL_TIMEZONE="Asia/Kolkata").stdout.splitlines() == expected
    weeks = ("query", A, "2016-03-25", "2016-03-31", "--every", "1w", "--agg", "count")
    expected = ["timestamp,sensor_value", "2016-03-25T00:00:00+01:00,71", "2016-03-28T00:00:00+02:00,72"]
    assert iotctl(*weeks).stdout.splitlines() == expected


def test_output_goes_through_a_pipe_or_device_and_replaces_only_files(
    iotctl: Iotctl, bucket: str, tmp_path: Path
) -> None:
    loaded(iotctl, bucket)
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE, text=True) as reader:
        assert iotctl("query", A, "2016-01-01", "2016-01-02", "-o", "pipe").returncode == 0
        assert reader.communicate(timeout=20)[0].count("\n") == 3
    assert (tmp_path / "pipe").is_fifo()
    (tmp_path / "file.csv").write_text("old")
    assert iotctl("query", A, "2016-01-01", "2016-01-02", "-o", "file.csv").returncode == 0
    assert (tmp_path / "file.csv").read_text().count("\n") == 3
    assert iotctl("query", A, "2016-01-01", "2016-01-02", "-o", ".").returncode == 1


def test_detect_reads_a_sensor_or_a_file_and_writes_scores(iotctl: Iotctl, tmp_path: Path) -> None:
    lines = ["timestamp,value"]
    noise = random.Random(1)
    for row in range(3000):
        value = "" if row == 100 else repr(noise.gauss(50, 1) + (30 if row == 1500 else 0))
        lines.append(f"2016-01-{1 + row // 144:02}T{row // 6 % 24:02}:{row % 6}0:00Z,{value}")
    (tmp_path / "a.csv").write_text("\n".join(lines))
    found = iotctl("detect", "--input", "a.csv", "--scores", "scores.csv", "--format", "json", "--plot", "chart.svg")
    assert found.returncode == 0, found.stderr
    (event,) = json.loads(found.stdout)
    assert (event["kind"], event["start"], event["rows"]) == ("spike", "2016-01-11T11:00:00+01:00", 1)
    scores = list(csv.DictReader((tmp_path / "scores.csv").open()))
    assert len(scores) == 3000
    assert list(scores[0]) == ["timestamp", "value", "expected", "score", "severity"]
    assert scores[100]["score"] == ""
    assert max(scores, key=lambda row: float(row["score"] or 0)) is scores[1500]
    assert (tmp_path / "chart.svg").read_text().startswith("<svg")


def test_detect_saves_events_once(iotctl: Iotctl, tmp_path: Path) -> None:
    noise = random.Random(1)
    rows = [
        f"2016-01-{1 + row // 144:02}T{row // 6 % 24:02}:{row % 6}0:00Z;{A};{noise.gauss(50, 1)}" for row in range(3000)
    ]
    rows[1500] = rows[1500].rpartition(";")[0] + ";5000"
    (tmp_path / "a.csv").write_text("timestamp;sensor_uuid;sensor_value\n" + "\n".join(rows))
    assert iotctl("ingest", "a.csv").returncode == 0
    assert "1 new" in iotctl("detect", A, "--save").stderr
    assert "0 new" in iotctl("detect", "--all", "--save").stderr
    assert json.loads(iotctl("status", "--json").stdout)["anomalies"] == 1
    textbook = iotctl("detect", A, "--method", "ruptures", "--format", "csv")
    assert textbook.returncode == 0
    assert textbook.stdout.startswith("sensor,start,end,kind")


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "words"),
    [
        (["query", "sensor_00009", "2016-01-01", "2016-01-02"], {}, 4, "sensor_00001"),
        (["query", "sensor_00000", "2016-01-02", "2016-01-01"], {}, 2, "START is not before END"),
        (["query", "sensor_00000", "soon", "2016-01-01"], {}, 2, "not a time"),
        (["query", "sensor_00000", "now-7d", "now", "--plot", "x.gif"], {}, 2, ".png"),
        (["query", "sensor_00000"], {}, 2, "END"),
        (["query", "sensor_00000", "2016-01-01", "2016-01-02", "--agg", "mean"], {}, 2, "--every"),
        (["query", "sensor_00000", "2016-01-01", "2016-01-02", "--every", "1d", "--agg", "mode"], {}, 2, "count"),
        (["query", "sensor_00000", "2016-01-01", "2016-01-02", "--every", "1y"], {}, 2, "1y"),
        (["query", "sensor_00000", "2016-01-01", "2016-01-02", "--every", "1.5d"], {}, 2, "36h"),
        (["query", "sensor_00000", "2016-01-01", "2016-01-02", "--every", "0.0000001s"], {}, 2, "too short"),
        (["query", "sensor_00000", "2016-01-01", "2016-01-02", "--every", "99999999999d"], {}, 2, "too long"),
        (["ingest", "s3://no-such-bucket/x/"], {}, 4, "no such bucket"),
        (["ingest", "{bucket}/no/such/prefix/"], {}, 4, "prefix"),
        (["ingest", "ftp://x/y"], {}, 2, "ftp"),
        (["ingest", "nowhere"], {}, 4, "nowhere"),
        (["ingest", "{bucket}/timeseries/", "--timezone", "Mars/Base"], {}, 2, "Mars/Base"),
        (["ingest", "{bucket}/timeseries/", "--max-rejects", "many"], {}, 2, "--max-rejects"),
        (["ingest", "{bucket}/timeseries/"], {"IOTCTL_S3_SECRET_KEY": "wrong-secret"}, 6, "IOTCTL_S3_SECRET_KEY"),
        (["ingest", "{bucket}/timeseries/"], {"IOTCTL_S3_ENDPOINT_URL": "{nobody}"}, 5, "IOTCTL_S3_ENDPOINT_URL"),
        (["status"], {"IOTCTL_DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:{port}/x"}, 5, "does not answer"),
        (["status"], {"IOTCTL_DATABASE_URL": "nonsense"}, 7, "IOTCTL_DATABASE_URL"),
        (["status"], {"IOTCTL_WORKERS": "hunter2"}, 7, "IOTCTL_WORKERS"),
        (["status"], {"IOTCTL_TIMEZONE": "Mars/Base"}, 7, "IOTCTL_TIMEZONE"),
        (["load-mapping", "{bucket}/timeseries/2016/data 001.csv"], {}, 1, "sensor_name"),
        (["load-mapping", "{bucket}/none.csv"], {}, 4, "none.csv"),
        (["detect"], {}, 2, "--all"),
        (["detect", "sensor_00000", "--limits", "9,1"], {}, 2, "--limits"),
        (["detect", "--input", "none.csv"], {}, 4, "none.csv"),
    ],
)
def test_errors_are_short_with_the_documented_exit_code_and_no_secret(
    iotctl: Iotctl, bucket: str, arguments: list[str], settings: dict[str, str], code: int, words: str
) -> None:
    iotctl("load-mapping", f"{bucket}/mapping/mapping.csv")
    places = {"bucket": bucket, "port": str(free_port()), "nobody": f"http://127.0.0.1:{free_port()}"}
    ended = iotctl(
        *(argument.format(**places) for argument in arguments),
        **{name: value.format(**places) for name, value in settings.items()},
    )
    assert ended.returncode == code, ended.stderr
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "hunter2" not in ended.stderr + ended.stdout
    assert "wrong-secret" not in ended.stderr + ended.stdout
    assert ended.stdout == ""
    if "Usage:" not in ended.stderr:
        assert 1 <= len(ended.stderr.strip().splitlines()) <= 3


def test_a_mapping_that_contradicts_itself_or_what_is_stored_is_refused(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(MAPPING)
    assert iotctl("load-mapping", "m.csv").returncode == 0
    assert "2 unchanged" in iotctl("load-mapping", "m.csv").stderr
    (tmp_path / "twice.csv").write_text(MAPPING + f"sensor_00002;{B}\n")
    twice = iotctl("load-mapping", "twice.csv")
    assert twice.returncode == 1
    assert "line 4" in twice.stderr
    (tmp_path / "bad.csv").write_text(MAPPING + "sensor_00002;not-a-uuid\n")
    assert "line 4" in iotctl("load-mapping", "bad.csv").stderr
    (tmp_path / "swapped.csv").write_text(f"sensor_uuid,sensor_name\n{B},sensor_00000\n{A},sensor_00001\n")
    refused = iotctl("load-mapping", "swapped.csv")
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    assert f"sensor_00000 is {A}" in refused.stderr
    assert "2 would be renamed" in iotctl("load-mapping", "swapped.csv", "--replace", "--dry-run").stderr
    assert "2 unchanged" in iotctl("load-mapping", "m.csv").stderr
    assert iotctl("load-mapping", "swapped.csv", "--replace").returncode == 0
    assert "2 unchanged" in iotctl("load-mapping", "swapped.csv").stderr


def test_doctor_says_what_is_well_and_what_to_do(iotctl: Iotctl, bucket: str) -> None:
    uris = {"IOTCTL_MAPPING_URI": f"{bucket}/mapping/mapping.csv", "IOTCTL_TIMESERIES_URI": f"{bucket}/timeseries/"}
    well = iotctl("doctor", **uris)
    assert well.returncode == 0, well.stdout
    assert "NO" not in well.stdout
    ill = iotctl("doctor", **uris, IOTCTL_S3_SECRET_KEY="wrong")
    assert ill.returncode == 6
    assert "IOTCTL_S3_SECRET_KEY" in ill.stdout


def test_doctor_finds_nothing_wrong_where_files_are_loaded_by_their_paths(
    postgres: Database, fork_server: ForkServer, tmp_path: Path
) -> None:
    """Without a store; a bucket that somebody names needs keys."""
    nothing = {"AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none", "AWS_EC2_METADATA_DISABLED": "true"}
    settings = {name: text for name, text in os.environ.items() if not name.startswith(("IOTCTL_", "AWS_"))} | nothing
    settings |= {"IOTCTL_DATABASE_URL": postgres.dsn}
    well = run(fork_server, ["doctor"], settings, tmp_path)
    assert (well.returncode, "NO" in well.stdout, "none is set up" in well.stdout) == (0, False, True), well.stdout
    ill = run(fork_server, ["doctor"], settings | {"IOTCTL_TIMESERIES_URI": "s3://bucket/x/"}, tmp_path)
    assert ill.returncode == 6
    assert "IOTCTL_S3_ACCESS_KEY" in ill.stdout


def test_a_reader_that_goes_away_is_no_error(environment: dict[str, str], tmp_path: Path) -> None:
    rows = "".join(f"2016-01-01T00:{i // 60 % 60:02}:{i % 60:02}.{i:06}Z;{A};1\n" for i in range(100_000))
    (tmp_path / "a.csv").write_text("timestamp;sensor_uuid;sensor_value\n" + rows)
    run = {"env": environment, "cwd": tmp_path}
    subprocess.run([COMMAND, "ingest", "a.csv"], **run, check=True, capture_output=True)  # type: ignore[call-overload]
    query = subprocess.Popen(
        [COMMAND, "query", A, "2016-01-01", "2016-01-02"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **run
    )  # type: ignore[call-overload]
    assert query.stdout.readline() == b"timestamp,sensor_value\n"
    query.stdout.close()
    assert query.stderr.read() == b""
    assert query.wait(20) == 0


def test_an_interrupt_ends_with_130_and_the_summary_and_the_next_run_goes_on(
    environment: dict[str, str], iotctl: Iotctl, tmp_path: Path
) -> None:
    files = 48
    rows = "".join(f"DAYT{i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02}Z;{A};1\n" for i in range(80_000))
    for number in range(files):
        of_day = rows.replace("DAY", f"2016-{number % 12 + 1:02}-{number // 12 + 1:02}")
        (tmp_path / f"{number:02}.csv").write_text("timestamp;sensor_uuid;sensor_value\n" + of_day)
    ingest = subprocess.Popen(
        [COMMAND, "ingest", ".", "--json", "--workers", "1"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with psycopg.connect(environment["IOTCTL_DATABASE_URL"], autocommit=True) as watcher:
        while watcher.execute("SELECT to_regclass('ingest_batch')::text").fetchone() == (None,):
            assert ingest.poll() is None
        while watcher.execute("SELECT count(*) FROM ingest_batch").fetchone() == (0,):
            assert ingest.poll() is None
    ingest.send_signal(signal.SIGTERM)
    stdout, stderr = ingest.communicate(timeout=60)
    assert ingest.returncode == 130, stderr
    first = json.loads(stdout)
    assert first["interrupted"]
    assert first["rows_read"] == first["rows_loaded"] + first["duplicates"] + first["conflicts"] + first["rejected"]
    second = json.loads(iotctl("ingest", ".", "--json").stdout)
    assert first["rows_read"] + second["rows_read"] == files * 80_000
    assert first["rows_loaded"] + second["rows_loaded"] == json.loads(iotctl("status", "--json").stdout)["readings"]


def test_a_dry_run_ends_at_the_first_interrupt_with_130_and_a_summary(
    environment: dict[str, str], tmp_path: Path
) -> None:
    files = 3_000
    for number in range(files):
        (tmp_path / f"{number:04}.csv").write_text(f"timestamp;sensor_uuid;sensor_value\n2016-01-01T00:00Z;{A};1\n")
    ingest = subprocess.Popen(
        [COMMAND, "--log-format", "json", "ingest", ".", "--dry-run", "--json"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert ingest.stderr is not None
    while json.loads(ingest.stderr.readline())["message"] != "file ended":
        pass
    ingest.send_signal(signal.SIGINT)
    stdout, stderr = ingest.communicate(timeout=60)
    assert ingest.returncode == 130, stderr
    summary = json.loads(stdout)
    assert (summary["interrupted"], summary["dry_run"], summary["rows_loaded"]) == (True, True, 0)
    # Fewer than two tasks of 200 files have, which two workers had in hand.
    assert 0 < summary["files"] <= summary["rows_read"] < 400
    assert "some files were not read" in stderr


def test_help_is_quick_to_write_and_has_an_example_for_every_command(iotctl: Iotctl) -> None:
    commands = ("load-mapping", "ingest", "query", "detect", "anomalies", "status", "doctor", "demo")
    for command in (*commands, "anomalies list", "anomalies label"):
        ended = iotctl(*command.split(), "--help")
        assert ended.returncode == 0
        assert "Example: iotctl" in ended.stdout
    assert iotctl("--version").stdout.startswith("iotctl 0.")
    assert os.fspath(COMMAND)


def test_help_imports_nothing_heavy(environment: dict[str, str]) -> None:
    code = (
        "import sys; import iotctl.cli;"
        "heavy = {'numpy', 'pyarrow', 'psycopg', 'boto3', 'pydantic', 'scipy', 'altair'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    python = COMMAND.parent / "python"
    ended = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_a_load_of_standard_text_imports_what_it_uses(iotctl: Iotctl, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"timestamp;sensor_uuid;sensor_value\n2016-01-01 00:00:00;{A};1\n")
    ended = iotctl("ingest", str(file), "--json", PYTHONPROFILEIMPORTTIME="1")
    assert json.loads(ended.stdout)["rows_loaded"] == 1
    assert "iotctl.services.ingest.ingest" in ended.stderr
    for unused in ("pyarrow.parquet", "layouts.layout_batches", "formats.proposal", "readings.audit", "dry_run"):
        assert unused not in ended.stderr


def test_a_query_imports_no_pandas(iotctl: Iotctl, bucket: str) -> None:
    """pyarrow does, at the first list or numpy array that it is given, where it is installed: 0.2 s."""
    loaded(iotctl, bucket)
    ended = iotctl("query", A, "2016-01-01", "2016-01-02", PYTHONPROFILEIMPORTTIME="1")
    assert ended.stdout.count("\n") == 3
    assert "pyarrow" in ended.stderr
    for unused in ("pandas", "iotctl.formats", "iotctl.services.ingest", "iotctl.analysis"):
        assert unused not in ended.stderr
