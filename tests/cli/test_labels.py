"""Labels by ids, by ids from a pipe, by sensors and a range, by incident, by file; and what they teach."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from pathlib import Path

import pytest

from iotctl.repositories import Connection
from tests.cli.conftest import Ended, Iotctl
from tests.process import COMMAND
from tests.sensors import add_sensor, noise

PUMPS = ("pump_1", "pump_2")


@pytest.fixture
def found(iotctl: Iotctl, conn: Connection) -> list[dict[str, str]]:
    """The saved events of two pumps and a valve: three spikes each, none of which is like another."""
    for number, name in enumerate((*PUMPS, "valve")):
        value = noise(4000, number)
        for size, at in enumerate((500, 1540, 2580)):
            value[at] = 20 + 15 * 3**size
        add_sensor(conn, name, value)
    saved = iotctl("detect", "--all", "--save", "--workers", "1")
    assert saved.returncode == 0, saved.stderr
    events = rows(saved)
    assert [event["sensor"] for event in events] == [name for name in (*PUMPS, "valve") for _ in range(3)]
    return events


def rows(ended: Ended) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(ended.stdout)))


def labels(iotctl: Iotctl) -> list[str]:
    return [event["label"] for event in rows(iotctl("anomalies"))]


def piped(
    environment: dict[str, str], tmp_path: Path, words: list[str], stdin: str
) -> subprocess.CompletedProcess[str]:
    command = [str(COMMAND), *words]
    return subprocess.run(
        command, input=stdin, env=os.environ | environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )


def test_several_ids_ids_from_a_pipe_and_a_range_of_sensors(
    iotctl: Iotctl, found: list[dict[str, str]], environment: dict[str, str], tmp_path: Path
) -> None:
    ids = [event["event_id"] for event in found]
    several = iotctl("anomalies", "label", ids[0], ids[3], "false")
    assert several.returncode == 0, several.stderr
    assert "labelled: 2 events of 2 sensors, 2 false" in several.stderr
    assert labels(iotctl) == ["false", "", "", "false", "", "", "", "", ""]

    listed = iotctl("anomalies", "valve").stdout
    assert piped(environment, tmp_path, ["anomalies", "label", "-", "expected"], listed).returncode == 0
    assert piped(environment, tmp_path, ["anomalies", "label", "-", ids[1], "true"], f"{ids[2]}\n\n").returncode == 0
    assert labels(iotctl) == ["false", "true", "true", "false", "", "", "expected", "expected", "expected"]
    nothing = piped(environment, tmp_path, ["anomalies", "label", "-", "true"], "\n")
    assert (nothing.returncode, "no ids" in nothing.stderr) == (2, True)

    matched = iotctl("anomalies", "label", "true", "--match", "pump_*", "--end", found[1]["end"], "--kind", "spike")
    assert "labelled: 0 events" in matched.stderr  # the first of each has a label, and keeps it
    matched = iotctl("anomalies", "label", "true", "--match", "pump_*", "--start", found[1]["start"])
    assert "labelled: 2 events of 1 sensor, 2 true" in matched.stderr
    assert iotctl("anomalies", "label", "none", "--match", "*").returncode == 0
    assert labels(iotctl) == [""] * 9


def test_what_was_learnt_is_shown_and_forgotten(iotctl: Iotctl, found: list[dict[str, str]]) -> None:
    first, second = found[0]["event_id"], found[1]["event_id"]
    assert iotctl("anomalies", "learned").stdout.count("\n") == 1
    iotctl("anomalies", "label", first, "false")
    iotctl("anomalies", "label", second, "true")
    (row,) = json.loads(iotctl("anomalies", "learned", "--format", "json").stdout)
    assert row == {
        "sensor": "pump_1",
        "kind": "spike",
        "true": 1,
        "false": 1,
        "expected": 0,
        "by_others": 0.0,
        "rate_times": 1.0,
        "kept_back": 0,
        "event_ids": f"{first}:false {second}:true",
    }
    forgotten = iotctl("anomalies", "learned", "pump_1", "--forget", second)
    assert (forgotten.returncode, rows(forgotten)[0]["rate_times"]) == (0, "0.5")
    assert labels(iotctl)[:2] == ["false", "true"]
    assert rows(iotctl("anomalies", "learned", "pump_2")) == []
    assert iotctl("anomalies", "learned", "--forget", second).returncode == 4
    assert iotctl("anomalies", "learned", "pump_9").returncode == 4


def test_a_file_of_verdicts_is_kept_whole_or_not_at_all(
    iotctl: Iotctl, found: list[dict[str, str]], environment: dict[str, str], tmp_path: Path
) -> None:
    def file(*verdicts: tuple[str, str]) -> str:
        entries = [{"event_id": event_id, "verdict": verdict, "sensor": "x"} for event_id, verdict in verdicts]
        (tmp_path / "verdicts.json").write_text(json.dumps({"verdicts": entries}))
        return "verdicts.json"

    ids = [event["event_id"] for event in found]
    unknown = iotctl("anomalies", "label", "--input", file((ids[0], "true"), ("0" * 12, "true")))
    assert (unknown.returncode, "0" * 12 in unknown.stderr) == (4, True)
    dry = iotctl("anomalies", "label", ids[0], "false", "--dry-run")
    assert (dry.returncode, "would be labelled false" in dry.stderr) == (0, True)
    assert labels(iotctl) == [""] * 9
    assert iotctl("anomalies", "label", "--input", file((ids[0], "true"), (ids[4], "expected"))).returncode == 0
    text = (tmp_path / file((ids[0], "none"), (ids[8], "false"))).read_text()
    assert piped(environment, tmp_path, ["anomalies", "label", "--input", "-"], text).returncode == 0
    assert labels(iotctl) == ["", "", "", "", "expected", "", "", "", "false"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("event_id,verdict", "not JSON"),
        ("[]", "no verdicts"),
        ('{"verdicts": []}', "no verdicts"),
        ('{"verdicts": ["a"]}', "Verdict 1"),
        ('{"verdicts": [{"event_id": "a", "verdict": "true"}, {"event_id": "b", "verdict": "perhaps"}]}', "Verdict 2"),
        ('{"verdicts": [{"event_id": 7, "verdict": "true"}]}', "Verdict 1"),
        ('{"verdicts": [{"event_id": "a", "verdict": "true"}, {"event_id": "a", "verdict": "false"}]}', "two verdicts"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_file_that_is_no_file_of_verdicts_says_so(iotctl: Iotctl, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.json").write_text(text)
    refused = iotctl("anomalies", "label", "--input", "a.json")
    assert refused.returncode not in (0, 10)
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["false"],
        ["3f0c5a9be1d2"],
        ["3f0c5a9be1d2", "maybe"],
        ["3f0c5a9be1d2", "false", "--match", "*"],
        ["3f0c5a9be1d2", "false", "--start", "2016-01-01"],
        ["false", "--input", "a.json"],
        ["--input", "a.json", "--match", "*"],
    ],
)
def test_words_that_do_not_fit_together_are_refused(iotctl: Iotctl, words: list[str]) -> None:
    refused = iotctl("anomalies", "label", *words)
    assert (refused.returncode, refused.stdout) == (2, ""), refused.stderr


def test_an_incident_is_labelled_as_a_whole(iotctl: Iotctl, found: list[dict[str, str]]) -> None:
    incidents = rows(iotctl("incidents"))
    together = next(incident for incident in incidents if int(incident["events"]) > 1)
    labelled = iotctl("incidents", "label", together["incident_id"], "expected")
    assert labelled.returncode == 0, labelled.stderr
    assert labels(iotctl).count("expected") == int(together["events"])
    assert len(rows(iotctl("incidents"))) == len(incidents) - 1
    assert iotctl("incidents", "label", together["incident_id"], "none").returncode == 0
    assert labels(iotctl) == [""] * 9
    assert iotctl("incidents", "label", "nothing", "true").returncode == 4
