"""The signals that end a load, whatever the main thread does when they come."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 60

_BUSY = """
import sys, threading
from iotctl.cli.ingest.stop_signals import stopped_by_signals
from iotctl.cli.process.streams import prepare_streams
prepare_streams()
stop = threading.Event()
with stopped_by_signals(stop):
    print("begun", flush=True)
    while not stop.is_set():
        print("line" * 1000, file=sys.stderr, flush=True)
sys.exit(130)
"""

_WAITING = """
import sys, threading
from iotctl.cli.ingest.stop_signals import stopped_by_signals
stop = threading.Event()
with stopped_by_signals(stop):
    print("begun", flush=True)
    while not stop.wait(0):
        pass
sys.exit(130)
"""


def test_a_signal_comes_while_a_line_is_being_written() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _BUSY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    _until_asleep(process.pid)  # the pipe is full, and the line waits
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 130, said[-2000:]
    assert "stopping after the current batches" in said


def test_a_signal_comes_while_the_event_is_looked_at() -> None:
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", _WAITING], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(SECONDS) == 130
        finally:
            process.kill()
            process.wait()


def test_the_second_signal_ends_at_once(tmp_path: Path) -> None:
    with (tmp_path / "err").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", _BUSY.replace("not stop.is_set()", "True").replace('"line" * 1000', '""')],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130


def _until_asleep(process: int) -> None:
    """Wait until the process sleeps in a write: its state in /proc, three times in a row."""
    deadline = time.monotonic() + SECONDS
    asleep = 0
    while asleep < 3:
        assert time.monotonic() < deadline
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        asleep = asleep + 1 if state == "S" else 0
        time.sleep(0.05)
