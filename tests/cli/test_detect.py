"""detect and anomalies as users see them: fleets, scheduled runs, labels, webhooks, exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from iotctl.repositories import Connection
from iotctl.repositories.postgres.locks import EVENTS_CLASS
from tests.cli.conftest import Ended, Iotctl
from tests.process import COMMAND
from tests.sensors import add_sensor, noise, uuid_of
from tests.webhook import Webhook

NAMES = [f"pump_{number:02}" for number in range(12)]


@pytest.fixture
def fleet(conn: Connection) -> list[float]:
    """Twelve sensors of two weeks; the odd ones have a spike each, the higher the number the higher."""
    heights = [15.0 + 5 * number if number % 2 else 0.0 for number in range(12)]
    for number, name in enumerate(NAMES):
        value = noise(2000, number)
        value[400 + 100 * number] += heights[number]  # too far apart for one cause
        add_sensor(conn, name, value)
    return heights


def events(ended: Ended) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(ended.stdout)))


def test_all_sensors_come_by_name_and_the_worst_by_severity(iotctl: Iotctl, fleet: list[float]) -> None:
    everything = iotctl("detect", "--all", "--workers", "2")
    assert everything.returncode == 0, everything.stderr
    assert [event["sensor"] for event in events(everything)] == NAMES[1::2]
    assert "12 sensors, 24,000 readings, 6 events" in everything.stderr
    worst = iotctl("detect", "--match", "pump_*", "--top", "2", "--format", "csv")
    severities = [float(event["severity"]) for event in events(worst)]
    every = sorted((float(event["severity"]) for event in events(everything)), reverse=True)
    assert severities == every[:2]
    some = iotctl("detect", "--match", "pump_0?")
    assert [event["sensor"] for event in events(some)] == ["pump_01", "pump_03", "pump_05", "pump_07", "pump_09"]


def test_a_pipeline_can_fail_on_an_anomaly(iotctl: Iotctl, fleet: list[float]) -> None:
    odd = iotctl("detect", "pump_01", "--fail-on-anomaly")
    assert (odd.returncode, len(events(odd))) == (10, 1)
    assert iotctl("detect", "pump_02", "--fail-on-anomaly").returncode == 0
    assert iotctl("detect", "--all", "--fail-on-anomaly", "--min-severity", "1000").returncode == 0


def test_sensors_that_fail_are_named_and_the_exit_code_says_so(
    iotctl: Iotctl, conn: Connection, fleet: list[float]
) -> None:
    conn.execute("ALTER TABLE anomaly ADD CONSTRAINT no_room CHECK (sensor_id % 2 = 0) NOT VALID")
    odd = conn.execute(
        "SELECT sensor_name FROM sensor WHERE sensor_id %% 2 = 1 AND sensor_name = ANY(%s)", (NAMES[1::2],)
    )
    failing = {str(name) for (name,) in odd}
    if not failing:
        conn.execute("ALTER TABLE anomaly DROP CONSTRAINT no_room")
        conn.execute("ALTER TABLE anomaly ADD CONSTRAINT no_room CHECK (sensor_id % 2 = 1) NOT VALID")
        failing = set(NAMES[1::2])
    ended = iotctl("detect", "--all", "--save")
    assert ended.returncode == 3
    assert {line.split(":")[0] for line in ended.stderr.splitlines() if "not analysed" in line} == failing
    assert {event["sensor"] for event in events(ended)} == set(NAMES[1::2]) - failing
    alone = iotctl("detect", next(iter(failing)), "--save")
    assert alone.returncode == 1
    assert "no_room" in alone.stderr


def test_scheduled_runs_say_what_is_new(iotctl: Iotctl, conn: Connection, fleet: list[float]) -> None:
    first = iotctl("detect", "--all", "--since-last")
    assert (first.returncode, len(events(first))) == (0, 6)
    second = iotctl("detect", "--all", "--since-last", "--fail-on-anomaly")
    assert (second.returncode, events(second)) == (0, [])
    assert "12 without new readings" in second.stderr
    value = noise(200, 99)
    value[150] += 40
    add_sensor(conn, "pump_04", value, first_row=2000)
    third = iotctl("detect", "--all", "--since-last", "--fail-on-anomaly")
    assert third.returncode == 10
    assert [event["sensor"] for event in events(third)] == ["pump_04"]
    listed = {event["event_id"] for event in events(iotctl("anomalies"))}
    assert listed == {event["event_id"] for event in events(first) + events(third)}


def test_saved_events_are_listed_and_labelled(iotctl: Iotctl, fleet: list[float]) -> None:
    assert iotctl("anomalies").stdout.count("\n") == 1
    found = events(iotctl("detect", "--all", "--save"))
    listed = events(iotctl("anomalies"))
    assert listed == found
    assert events(iotctl("anomalies", "list", uuid_of("pump_05"))) == found[2:3]
    assert events(iotctl("anomalies", "pump_05", "--kind", "spike", "--kind", "gap")) == found[2:3]
    assert events(iotctl("anomalies", "--kind", "gap", "pump_05")) == []
    middle = found[3]["start"]
    assert events(iotctl("anomalies", "--start", middle)) == found[3:]
    assert events(iotctl("anomalies", "--end", middle)) == found[:3]
    assert len(json.loads(iotctl("anomalies", "--format", "json").stdout)) == 6

    labelled = iotctl("anomalies", "label", found[0]["event_id"], "false")
    assert labelled.returncode == 0, labelled.stderr
    assert "pump_01" in labelled.stderr
    assert events(iotctl("anomalies", "pump_01"))[0]["label"] == "false"
    silent = iotctl("detect", "pump_01", "--save", "--fail-on-anomaly")
    assert (silent.returncode, events(silent)) == (0, [])
    assert "1 labelled and not shown" in silent.stderr
    assert len(events(iotctl("detect", "pump_01", "--include-labelled"))) == 1
    assert iotctl("anomalies", "label", found[0]["event_id"], "none").returncode == 0
    assert len(events(iotctl("detect", "pump_01"))) == 1

    missing = iotctl("anomalies", "label", "0" * 12, "true")
    assert (missing.returncode, missing.stdout) == (4, "")
    assert iotctl("anomalies", "label", found[0]["event_id"], "maybe").returncode == 2
    assert iotctl("anomalies", "pump_99").returncode == 4


def test_new_events_go_to_a_webhook_and_a_failure_loses_none(iotctl: Iotctl, fleet: list[float]) -> None:
    with Webhook([503, 503]) as hook:
        ended = iotctl("detect", "--all", "--notify", hook.url)
        assert ended.returncode == 0, ended.stderr
        assert "notified: 6 events" in ended.stderr
        assert len(hook.requests) == 3
        assert hook.event_ids[-6:] == sorted(hook.event_ids[-6:], key=[e["event_id"] for e in events(ended)].index)
        assert "notified: 0 events" in iotctl("detect", "--all", "--save", IOTCTL_NOTIFY_URL=hook.url).stderr
        assert len(hook.requests) == 3
        assert "notified" not in iotctl("detect", "--all", IOTCTL_NOTIFY_URL=hook.url).stderr


def test_a_webhook_that_fails_is_an_error_after_the_events_are_saved(iotctl: Iotctl, fleet: list[float]) -> None:
    with Webhook([404]) as hook:
        failed = iotctl("detect", "--all", "--since-last", "--notify", hook.url)
        assert failed.returncode == 1
        assert len(events(failed)) == 6
        assert "hunter2" not in failed.stderr
        assert "s3cr3t" not in failed.stderr
        assert len(events(iotctl("anomalies"))) == 6
        assert "notified: 6 events" in iotctl("detect", "--all", "--since-last", "--notify", hook.url).stderr


def test_a_report_is_one_file_with_a_chart_of_each_sensor(iotctl: Iotctl, fleet: list[float], tmp_path: Path) -> None:
    ended = iotctl("detect", "--all", "--report", "out/fleet.html", "--workers", "2")
    assert ended.returncode == 0, ended.stderr
    page = (tmp_path / "out" / "fleet.html").read_text()
    severities = {event["sensor"]: float(event["severity"]) for event in events(ended)}
    worst = max(severities, key=lambda name: severities[name])
    assert page.index(f"<b>{worst}</b>") < min(page.index(f"<b>{name}</b>") for name in NAMES if name != worst)
    for name in NAMES:
        assert f'href="#{uuid_of(name)}"' in page
        assert f'id="data-{uuid_of(name)}"' in page
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["fleet.html"]


def test_a_range_and_a_reference_bound_what_is_looked_at(iotctl: Iotctl, fleet: list[float]) -> None:
    early = iotctl("detect", "--all", "--end", "2015-01-04")
    assert (early.returncode, events(early)) == (0, [])
    first = iotctl("detect", "--all", "--end", "2015-01-05")  # pump_01 has its spike on the 4th, pump_03 on the 5th
    assert [event["sensor"] for event in events(first)] == ["pump_01"]
    late = iotctl("detect", "pump_11", "--start", "2015-01-06", "--reference", "2015-01-01/2015-01-05")
    assert [event["kind"] for event in events(late)] == ["spike"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["detect", "--all", "--notify", "ftp://h/s3cr3t"], 2, "--notify"),
        (["detect", "--all", "--plot", "x.png"], 2, "--plot"),
        (["detect", "--all", "--report", "x.png"], 2, "html"),
        (["detect", "--all", "--context", "soon"], 2, "soon"),
        (["detect", "--all", "--holidays", "DE-BX"], 2, "DE-BW"),
        (["detect", "--match", "nothing*"], 4, "nothing*"),
        (["detect", "pump_00", "pump_99"], 4, "pump_99"),
        (["detect", "--input", "a.csv", "--save"], 2, "--input"),
        (["anomalies", "--start", "soon"], 2, "soon"),
    ],
)
def test_words_that_do_not_fit_are_refused_before_any_work(
    iotctl: Iotctl, fleet: list[float], arguments: list[str], code: int, words: str
) -> None:
    ended = iotctl(*arguments)
    assert ended.returncode == code, ended.stderr
    assert words in ended.stderr
    assert "s3cr3t" not in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_even_with_debug_the_secret_of_a_webhook_is_not_shown(iotctl: Iotctl, fleet: list[float]) -> None:
    with Webhook([410]) as hook:
        ended = iotctl("--debug", "detect", "pump_01", "--notify", hook.url)
    assert ended.returncode == 1
    assert "Traceback" in ended.stderr
    assert "hunter2" not in ended.stderr
    assert "s3cr3t" not in ended.stderr


def test_a_terminal_sees_a_table_after_the_progress_bar(
    environment: dict[str, str], fleet: list[float], tmp_path: Path
) -> None:
    leader, follower = pty.openpty()
    command = [str(COMMAND), "detect", "--all", "--workers", "2"]
    env = environment | {"TERM": "xterm", "NO_COLOR": "1"}
    with subprocess.Popen(command, env=env, cwd=tmp_path, stdout=follower, stderr=follower):
        os.close(follower)
        shown = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            shown += piece
            if not piece:
                break
    os.close(leader)
    text = shown.decode()
    assert "sensors" in text
    bar, table = text[: text.index("event_id")], text[text.index("event_id") :]
    assert "12/12" in bar
    assert [name for name in NAMES if name in table] == NAMES[1::2]
    assert "\x1b[" not in table


@pytest.fixture
def running(
    environment: dict[str, str], fleet: list[float], tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A detection of the fleet that has just started its two workers, and their process ids."""
    # What the workers read waits a while, so that the command is not done before its test.
    conn = psycopg.connect(environment["IOTCTL_DATABASE_URL"])
    conn.execute("LOCK TABLE reading IN ACCESS EXCLUSIVE MODE")
    release = threading.Timer(6, conn.close)
    release.start()
    command = subprocess.Popen(
        [COMMAND, "detect", "--all", "--workers", "2"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    listed = Path(f"/proc/{command.pid}/task/{command.pid}/children")
    if not listed.exists():
        command.communicate(timeout=60)
        pytest.skip("this system does not list a process's children")
    while len(workers := _spawned(listed)) < 2:
        assert command.poll() is None
        time.sleep(0.01)
    yield command, workers
    release.join()
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers):
        assert time.monotonic() < deadline, "a worker outlives its command"
        time.sleep(0.05)


def test_an_interrupt_ends_all_processes_without_a_word(running: tuple[subprocess.Popen[str], list[str]]) -> None:
    command, _ = running
    os.killpg(command.pid, signal.SIGINT)
    stderr = command.communicate(timeout=60)[1]
    assert "Traceback" not in stderr, stderr
    assert command.returncode == 130


@pytest.mark.parametrize("words", [("--all", "--workers", "2"), ("pump_01",)])
def test_an_interrupt_ends_what_waits_for_a_lock_of_the_database(
    words: tuple[str, ...], environment: dict[str, str], fleet: list[float], tmp_path: Path
) -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND application_name = 'iotctl detect'"
    )
    url = environment["IOTCTL_DATABASE_URL"]
    with psycopg.connect(url) as owner, psycopg.connect(url, autocommit=True) as watcher:
        # The tables are read by the command, too, before there is work.
        owner.execute("SELECT pg_advisory_lock(%s, sensor_id) FROM sensor", (EVENTS_CLASS,))
        command = subprocess.Popen(
            [COMMAND, "detect", *words],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while watcher.execute(waiting).fetchone() != (2 if "--all" in words else 1,):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(command.pid, signal.SIGINT)
        stderr = command.communicate(timeout=20)[1]
        assert command.returncode == 130
        assert "Traceback" not in stderr, stderr
        assert watcher.execute(waiting).fetchone() == (0,)


def test_workers_end_with_a_command_that_is_killed(running: tuple[subprocess.Popen[str], list[str]]) -> None:
    command, _ = running
    command.kill()
    command.communicate(timeout=60)


def test_a_worker_that_is_killed_is_an_error_that_says_so(running: tuple[subprocess.Popen[str], list[str]]) -> None:
    command, workers = running
    os.kill(int(workers[1]), signal.SIGKILL)
    stderr = command.communicate(timeout=60)[1]
    assert command.returncode == 1
    assert "error: A worker process was killed" in stderr
    assert "--workers" in stderr


def _spawned(children: Path) -> list[str]:
    """The worker processes among the children of a command."""
    found = children.read_text().split() if children.exists() else []
    return [pid for pid in found if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]
