"""The history of runs, logs for machines, and metrics."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import time
from datetime import datetime
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from iotctl.repositories import Database
from tests.cli.conftest import Iotctl
from tests.obvious import HEADER, SENSORS
from tests.process import COMMAND

ROWS = (
    HEADER
    + f"2016-01-01T00:00Z;{SENSORS[0]};1\n2016-01-01T00:00Z;{SENSORS[0]};2\nx\n2016-01-02T00:00Z;{SENSORS[0]};1\n"
)


def history(iotctl: Iotctl) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(iotctl("runs").stdout)))


def metrics(path: Path) -> dict[tuple[str, str | None], float]:
    families = list(text_string_to_metric_families(path.read_text()))
    assert all(family.documentation and family.type == "gauge" for family in families)
    return {(s.name, s.labels.get("ending")): s.value for family in families for s in family.samples}


def test_every_run_is_kept_with_its_end_and_its_balance(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS)
    summary = json.loads(iotctl("ingest", "a.csv", "--json").stdout)
    assert iotctl("ingest", "a.csv").returncode == 0
    assert iotctl("ingest", "none.csv").returncode == 4
    iotctl("ingest", "a.csv", "--dry-run")
    missing, again, first = history(iotctl)
    assert first["run"] == summary["run"]
    expected = {
        "ending": "partly",
        "files": "1",
        "rows_read": "4",
        "rows_loaded": "2",
        "conflicts": "1",
        "rejected": "1",
    }
    assert {name: first[name] for name in expected} == expected
    assert first["command"] == "iotctl ingest a.csv --json"
    assert "@" in first["who"]
    assert datetime.fromisoformat(first["started"]) <= datetime.fromisoformat(first["ended"])
    assert (again["ending"], again["files"], again["files_skipped"], again["rows_read"]) == ("done", "0", "1", "0")
    assert (missing["ending"], "none.csv" in missing["problem"]) == ("failed", True)
    assert len(json.loads(iotctl("runs", "--limit", "2", "--format", "json").stdout)) == 2


def test_a_password_in_an_argument_is_not_kept(iotctl: Iotctl) -> None:
    assert iotctl("ingest", "s3://me:hunter2@bucket/x/").returncode != 0
    (run,) = history(iotctl)
    assert run["command"] == "iotctl ingest 's3://me:***@bucket/x/'"
    assert "hunter2" not in str(run)


def test_a_killed_run_shows_as_such_with_the_rows_that_it_committed(
    environment: dict[str, str], postgres: Database, iotctl: Iotctl, tmp_path: Path
) -> None:
    (tmp_path / "0.csv").write_text(ROWS)
    (tmp_path / "1.csv").write_text(HEADER + f"2016-02-01T00:00Z;{SENSORS[0]};1\n")
    # With a reading in the midst of the others there already, the files share no batch.
    (tmp_path / "before.csv").write_text(HEADER + f"2016-01-01T12:00Z;{SENSORS[0]};1\n")
    iotctl("ingest", "before.csv")
    with postgres.connect() as conn:
        # The second file cannot be entered until the lock is gone: the run is in its middle for sure.
        conn.execute(
            "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END'"
        )
        conn.execute(
            "CREATE TRIGGER hold BEFORE INSERT ON ingest_batch FOR EACH ROW WHEN (NEW.rows_read = 1)"
            " EXECUTE FUNCTION hold()"
        )
        conn.execute("SELECT pg_advisory_lock(42)")
        ingest = subprocess.Popen(
            [COMMAND, "ingest", ".", "--workers", "1"], env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while history(iotctl)[0]["rows_read"] != "4":
            assert time.monotonic() < deadline
        assert history(iotctl)[0]["ending"] == "running"
        ingest.kill()
        ingest.wait()
        while (run := history(iotctl)[0])["ending"] == "running":  # until the server notices
            assert time.monotonic() < deadline
    assert (run["ending"], run["ended"]) == ("killed", "")
    assert [run[name] for name in ("files", "rows_read", "rows_loaded", "conflicts", "rejected")] == list("14211")


def test_json_logs_are_one_object_a_line_with_the_runs_id(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(ROWS)
    (tmp_path / "in" / "b\x1b.csv").write_text("no;header\n")
    (tmp_path / "in" / "readme.pdf").write_text("")
    ended = iotctl("--log-format", "json", "ingest", "in", "--json")
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert {line["run"] for line in lines} == {json.loads(ended.stdout)["run"]} == {history(iotctl)[0]["run"]}
    assert all(datetime.fromisoformat(line["time"]).utcoffset() is not None and line["message"] for line in lines)
    by_level = {
        level: {Path(line["file"]).name for line in lines if line["level"] == level and "file" in line}
        for level in ("info", "warning", "error")
    }
    assert by_level == {"info": {"a.csv", "b\x1b.csv"}, "warning": {"readme.pdf"}, "error": {"b\x1b.csv"}}
    assert ("file ended", 4) in [(line["message"], line.get("rows")) for line in lines]
    refused = iotctl(*("--log-format", "json", "status"), IOTCTL_DATABASE_URL="postgresql://me:hunter2@127.0.0.1:9/x")
    (error,) = (json.loads(line) for line in refused.stderr.splitlines())
    assert (refused.returncode, error["level"]) == (5, "error")
    assert "doctor" in error["hint"]
    assert "hunter2" not in refused.stderr


def test_metrics_say_what_was_done_and_keep_the_last_success(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS)
    before = time.time()
    assert iotctl("ingest", "a.csv", "--metrics", "out.prom").returncode == 3
    found = metrics(tmp_path / "out.prom")
    assert found["iotctl_ingest_rows_read", None] == 4
    assert [found["iotctl_ingest_rows", ending] for ending in ("loaded", "duplicate", "conflict", "rejected")] == [
        2,
        0,
        1,
        1,
    ]
    endings = ("loaded", "unchanged", "other", "failed")
    assert [found["iotctl_ingest_files", ending] for ending in endings] == [1, 0, 0, 0]
    assert 0 < found["iotctl_ingest_duration_seconds", None] < time.time() - before
    success = found["iotctl_ingest_last_success_timestamp_seconds", None]
    assert before < success < time.time()
    assert iotctl("ingest", "none.csv", "--metrics", "out.prom").returncode == 4
    found = metrics(tmp_path / "out.prom")
    assert found["iotctl_ingest_exit_code", None] == 4
    assert found["iotctl_ingest_last_run_timestamp_seconds", None] > success
    assert found["iotctl_ingest_last_success_timestamp_seconds", None] == success
    refused = iotctl("ingest", "a.csv", "--metrics", "no/such/folder/out.prom")
    assert (refused.returncode, "no/such/folder" in refused.stderr) == (1, True)
    assert len(history(iotctl)) == 2
    iotctl("ingest", "a.csv", "--dry-run", "--metrics", "dry.prom")
    assert not (tmp_path / "dry.prom").exists()
