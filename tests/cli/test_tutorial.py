"""The tutorial works as written, from the folder of the checkout to the report."""

from __future__ import annotations

import csv
import io
import re
import shlex
from pathlib import Path

from tests.cli.conftest import Iotctl

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "tutorial" / "own-files.md").read_text()
COMMANDS = [line.split("#")[0] for line in re.findall(r"^iotctl (.*)$", TEXT, re.MULTILINE)]


def test_the_tutorial_goes_from_files_to_the_four_faults(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(DOCS)
    said = {}
    for command in COMMANDS:
        done = iotctl(*shlex.split(command))
        assert done.returncode == 0, (command, done.stderr)
        said["".join(command.split()[:2])] = done
    assert "20160 rows read = 20132 loaded + 0 duplicates + 0 conflicts + 0 rejected + 28 missing" in TEXT
    assert "20160 rows read = 20132 loaded + 0 duplicates + 0 conflicts + 0 rejected + 28 missing" in (
        said["ingestdocs/plant"].stderr
    )
    found = {(row["sensor"], row["kind"]) for row in csv.DictReader(io.StringIO(said["detect--all"].stdout))}
    assert found == {
        ("heizung.Vorlauf", "spike"),
        ("heizung.Außen", "burst"),
        ("heizung.Rücklauf", "stuck"),
        ("heizung.Druck", "drift"),
    }
    assert (tmp_path / "report.html").exists()
    assert (tmp_path / "druck.html").exists()


def test_the_first_file_is_the_one_that_is_shown() -> None:
    lines = (DOCS / "plant/heizung_2024_kw06.csv").read_bytes().decode("cp1252").splitlines()[:5]
    assert "\n".join(lines) in TEXT
