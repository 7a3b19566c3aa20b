"""What is said on a terminal: lines that fit it, numbers beside their units, commands that can be copied."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from rich.cells import cell_len

from iotctl.cli.output.fit import shortened, wrapped
from iotctl.cli.output.sentences import folded
from tests.cli.conftest import Iotctl
from tests.fork_server import ForkServer
from tests.terminal import forked_on_a_terminal

WIDTHS = (40, 60, 80, 120, 200)
SAID = [
    "level 88 kW below the usual for 23.8 hours, as far as 214 kW where 316 kW was expected (usual: 279 to 352 m3/h)",
    "4 sensors silent from 2026-07-01 00:00 on, at 35.7 °C, -4 °C and <0.1 %, up to 12,461 readings of 6.01 mS/cm",
    "80,872 can mean 80.872 or 80872, and nothing in these 2,976 rows settles it -> --decimal comma or --decimal point",
]
COMMANDS = [
    "iotctl rejects --reason quality",
    "iotctl inspect 'exports of May/Historian 2026-05.csv' --timezone Europe/Berlin --decimal comma --save layout.toml",
]


@pytest.mark.parametrize("width", range(30, 130))
@pytest.mark.parametrize("text", SAID)
def test_a_number_stays_with_what_it_counts(text: str, width: int) -> None:
    lines = folded(text, width)
    assert " ".join(line.strip() for line in lines) == text
    assert max(map(cell_len, lines)) <= width
    # Asked of the text itself: no line ends in a figure, a day or an option, while a word follows.
    assert [line for line in lines[:-1] if re.search(r"(?:^|[ (])(?:[-<]?[\d.,-]*\d|--decimal)$", line)] == []


def test_numbers_that_do_not_fit_together_are_parted() -> None:
    assert wrapped("1 2 3 4 5", 3) == ["1 2", "3 4", "5"]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one_for_a_shell_in_whatever_lines_it_stands(command: str, width: int) -> None:
    lines = folded(f"  the readings of bad quality are kept out, and listed: {command}", width)
    assert all(line.startswith("  ") for line in lines)
    at = next(number for number, line in enumerate(lines) if "iotctl" in line)
    shown = "\n".join(lines[at:])
    pasted = subprocess.run(
        ["sh", "-c", 'iotctl() { printf "%s\\n" iotctl "$@"; }; ' + shown[shown.index("iotctl ") :]],
        capture_output=True,
        text=True,
        check=True,
    )
    assert pasted.stdout.splitlines() == shlex.split(command)


def test_a_line_that_fits_and_one_of_a_pipe_stay_as_they_are() -> None:
    assert folded(SAID[0], None) == [SAID[0]]
    assert folded(SAID[0], len(SAID[0])) == [SAID[0]]


def test_of_a_path_its_end_is_kept() -> None:
    path = "/srv/exports/plant 3/Historian_2026-03_new.csv"
    assert shortened(path, 40) == "…/plant 3/Historian_2026-03_new.csv"
    assert shortened(path, 30) == "…/Historian_2026-03_new.csv"
    assert shortened("s3://bucket/2016/data_004.csv", 20) == "…/2016/data_004.csv"
    assert all(cell_len(shortened(path, columns)) <= columns for columns in range(12, 60))


WIDTH = 60

# Each says one of the sentences that were once wider than the terminal; the exit code is beside.
ON_A_TERMINAL = {
    "inspect plant.csv": 1,
    "inspect plant.csv --timezone Europe/Berlin --decimal comma --save layout.toml": 0,
    "ingest plant.csv --layout layout.toml": 3,
    "--verbose runs": 0,
    "rejects": 0,
    "conflicts": 0,
    "sensors --kinds": 0,
    "sensors --mapping": 0,
    "load-mapping mapping.csv": 0,
    "detect --all --save": 0,
    "anomalies": 0,
    "anomalies label expected --match *": 0,
    "anomalies learned": 0,
    "incidents": 0,
    "quality --all": 0,
    "policy": 0,
    "verify plant.csv": 0,
    "query FI101 2026-01-01 2026-01-02 --every 6h": 0,
    "query FI10 2026-01-01 2026-01-02": 4,
    "detect --input plant.csv --layout auto": 1,
    "plan --rows 600M --sensors 5000": 0,
    "detect --all --what-if": 0,
}


@pytest.fixture
def plant(iotctl: Iotctl, tmp_path: Path) -> Path:
    """Files of a plant, in a folder with a long name: a gap, a text, bad quality, and a value of another file."""
    rows = [
        f"{day:02}.01.2026 {hour:02}:{minute:02};{140 + hour + minute / 61 + 90 * (day == 20):.3f};Good;81.400;Good"
        for day in range(1, 28)
        for hour in range(24)
        for minute in range(0, 60, 15)
        if day != 9
    ]
    rows[100:102] = ["02.01.2026 01:00;broken;Good;81.401;Bad", "02.01.2026 01:15;1,000;Good;81,402;Good"]
    text = "Time;FI101 [m3/h];FI101 quality;TI7 [°C];TI7 quality\n" + "\n".join(rows).replace(".", ",").replace(
        ",01,2026", ".01.2026"
    )
    (tmp_path / "plant.csv").write_text(text + "\n")
    (tmp_path / "mapping.csv").write_text("sensor_name;sensor_id;unit\nFlow to boiler 1;FI101;m3/h\n")
    return tmp_path


def test_no_line_of_a_days_work_is_wider_than_the_terminal(
    plant: Path, environment: dict[str, str], fork_server: ForkServer
) -> None:
    settings = environment | {"PAGER": "cat", "NO_COLOR": "1"}
    wide: dict[str, list[str]] = {}
    for words, code in ON_A_TERMINAL.items():
        ended, shown = forked_on_a_terminal(fork_server, words.split(), WIDTH, settings, plant)
        assert (words, ended) == (words, code), shown
        lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).split("\r")[-1] for line in shown.splitlines()]
        # A word alone may be wider: a path is copied whole.
        too_wide = [line for line in lines if cell_len(line) > WIDTH and len(line.removesuffix(" \\").split()) > 1]
        wide |= {words: too_wide} if too_wide else {}
    assert wide == {}
