"""iotctl policy as users see it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Iotctl

A = "efa4b573-e1b1-46b3-9e8a-0b303d2bb66e"


def test_policies_are_set_shown_and_applied_by_ingest(iotctl: Iotctl, tmp_path: Path) -> None:
    header = "timestamp;sensor_uuid;sensor_value\n"
    (tmp_path / "a.csv").write_text(header + "".join(f"2015-01-{day:02}T00:30Z;{A};{day}\n" for day in range(1, 31)))
    assert iotctl("policy", "--aggregates", "on").returncode == 0
    assert iotctl("ingest", "a.csv").returncode == 0
    shown = json.loads(iotctl("policy", "--json").stdout)
    assert (shown["retain_days"], shown["aggregates"]["reading_daily"]["stale"]) == (None, None)
    assert json.loads(iotctl("status", "--json").stdout)["policies"] == shown
    week = iotctl("query", A, "2015-01-05", "2015-01-12", "--every", "7d", "--agg", "count")
    assert week.stdout.splitlines()[-1].endswith(",7")

    refused = iotctl("policy", "--retain", "5y")
    assert refused.returncode == 2
    assert "30 readings" in refused.stderr
    assert "--yes" in refused.stderr
    dry = iotctl("policy", "--retain", "5y", "--dry-run", "--format", "json")
    assert (dry.returncode, json.loads(dry.stdout)["retain_days"]) == (0, None)
    assert "30 readings, all before" in dry.stderr
    assert json.loads(iotctl("status", "--json").stdout)["readings"] == 30
    agreed = iotctl("policy", "--retain", "5y", "--yes", "--format", "csv")
    assert "30 readings dropped" in agreed.stderr
    assert agreed.stdout.splitlines()[:2] == [
        "policy,setting,about",
        '"retain",1825d'.replace('"', "") + ',"whole months, dropped after each ingest and by iotctl policy --apply"',
    ]
    (tmp_path / "b.csv").write_text(header + f"2015-01-01T00:30Z;{A};1\n")
    ingest = iotctl("ingest", ".", "--json")
    summary = json.loads(ingest.stdout)
    assert (summary["rows_loaded"], summary["files_unchanged"]) == (1, 1)  # what is loaded stays loaded
    assert "1 reading of 1 month dropped" in ingest.stderr
    assert json.loads(iotctl("status", "--json").stdout)["readings"] == 0


def test_what_plain_postgresql_has_not_is_refused(iotctl: Iotctl) -> None:
    refused = iotctl("policy", "--compress-after", "7d")
    assert (refused.returncode, "columnstore" in refused.stderr) == (2, True)
    assert iotctl("policy", "--retain", "1s").returncode == 2
    assert "all readings are compressed as they arrive" in iotctl("policy").stdout
