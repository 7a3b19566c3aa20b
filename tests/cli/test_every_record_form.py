"""ingest, verify, rejects, --dry-run and --watch on a file of every record form."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from iotctl.formats.layouts.layout import Form
from iotctl.formats.layouts.layout_text import layout_toml
from iotctl.repositories import Database
from tests.cli.conftest import Iotctl
from tests.cli.test_watch import SECONDS, until, watching
from tests.record_forms import CASES, Record, expected_readings, named_readings, some_records

# A minute and a half in all; the forms themselves are held to their suite in tests/formats.
pytestmark = pytest.mark.faults

SUFFIXES = {"parquet": "parquet", "xlsx": "xlsx", "influx csv": "csv", "line protocol": "lp"}


def write(folder: Path, form: str, records: list[Record], broken: int = 0) -> Path:
    """A file of a form with its layout beside it; so many of its lines are broken, from the fourth record on."""
    case = CASES[form]
    content = case.write(records)
    if broken:
        lines = content.splitlines(keepends=True)
        at = case.head + 3
        bad = [line + b"\n" for line in case.broken if len(line) < 1000][:broken]
        content = b"".join((*lines[:at], *bad, *lines[at:]))
    file = folder / "data" / f"a.{SUFFIXES.get(form, 'json')}"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    os.utime(file, (1, 1))
    (folder / "layout.toml").write_text(layout_toml(case.layout))
    return file


@pytest.mark.parametrize("form", CASES)
def test_a_file_of_every_form_is_loaded_verified_and_known(
    form: str, iotctl: Iotctl, postgres: Database, tmp_path: Path
) -> None:
    records, case = some_records(300), CASES[form]
    expected = expected_readings(case, records)
    broken = 2 if case.lines else 0
    # Where each record has the fields that it has, a value is missing only where there is no other.
    is_sparse = len(case.layout.values) > 1 and case.layout.form in {Form.JSON, Form.LINE_PROTOCOL}
    missing = 0 if is_sparse else len(case.layout.values) * 300 - len(expected)
    write(tmp_path, form, records, broken)
    dry = iotctl("ingest", "data", "--layout", "layout.toml", "--dry-run", "--json")
    ended = iotctl("ingest", "data", "--layout", "layout.toml", "--json")
    for found in (json.loads(dry.stdout), json.loads(ended.stdout)):
        assert (found["rejected"], found["missing"]) == (broken, missing)
        assert found["rows_read"] == len(expected) + missing + broken
    assert named_readings(postgres) == expected
    assert iotctl("verify", "data").returncode == 0
    again = json.loads(iotctl("ingest", "data", "--layout", "layout.toml", "--json").stdout)
    assert (again["files_unchanged"], again["rows_read"]) == (1, 0)
    rejects = json.loads(iotctl("rejects", "--format", "json").stdout or "[]")
    lines = [case.head + 4 + number for number in range(broken)]
    assert [(reject["line"], reject["reason"]) for reject in rejects] == list(
        zip(lines, list(case.broken.values())[:broken], strict=True)
    )
    name = sorted(expected)[0][0]
    assert iotctl("query", name, "2020-03-01", "2020-03-02").returncode == 0


@pytest.mark.parametrize("form", ["json lines", "json series", "line protocol", "influx csv"])
def test_a_watch_loads_what_is_appended_to_a_file_of_lines(
    form: str, environment: dict[str, str], iotctl: Iotctl, postgres: Database, tmp_path: Path
) -> None:
    records, case = some_records(90), CASES[form]
    whole = case.write(records)
    file = write(tmp_path, form, records)
    cuts = [len(whole) // 3, len(whole) // 2, len(whole)]
    file.write_bytes(whole[: cuts[0]])
    with watching("data", environment, tmp_path, "--layout", "layout.toml", "--settle", "1h") as process:
        for cut in cuts:
            file.write_bytes(whole[:cut])
            lines = whole.count(b"\n", 0, cut) - case.head
            until(lambda: len(_loaded(postgres)) >= lines // 2)  # noqa: B023 -- some records have no value
        until(lambda: _loaded(postgres) == expected_readings(case, records))
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 130
    assert iotctl("rejects").stdout.count("\n") == 1


def _loaded(database: Database) -> dict[tuple[str, int], float]:
    with database.connect() as conn:
        is_there = conn.execute("SELECT to_regclass('sensor_mapping')").fetchone() != (None,)
    return named_readings(database) if is_there else {}
