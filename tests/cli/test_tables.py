"""Tables fit the terminal: no line is wider, no word is broken, and omitted columns are mentioned."""

from __future__ import annotations

import io
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len

from iotctl.cli.output.colours import by_severity
from iotctl.cli.output.fit import least_of, shares, shortened, wrapped
from iotctl.cli.output.rows import Format, write_rows
from iotctl.cli.output.table import Cell, TableView, write_table
from iotctl.cli.output.terminal import Screen
from tests.cli.conftest import Iotctl
from tests.fork_server import ForkServer
from tests.terminal import forked_on_a_terminal

BERLIN = ZoneInfo("Europe/Berlin")
SAID = "one reading of 96.4 °C where 60.7 °C was expected, 35.7 °C above (usual: 59.3 to 62.2 °C)"
COLUMNS = ["sensor", "start", "kind", "severity", "score", "event_id", "explanation"]
VIEW = TableView(
    main=("sensor", "start", "kind", "severity", "event_id", "explanation"),
    prose="explanation",
    colours={"severity": by_severity},
    nothing="No event.",
)
ROWS: list[tuple[Cell, ...]] = [
    ("heizung.Vorlauf", datetime(2024, 2, 14, 14, 20, tzinfo=BERLIN), "spike", 2.58, 388.2, "8b8c135287cd", SAID),
    ("works/hall 3/ポンプ_07.pressure", datetime(2024, 7, 1, tzinfo=BERLIN), "drift", 10.8, 1.0, "1cf164fd656d", SAID),
]

# As a person has seen them. Sentences are beside the rest where there is room, and else below it.
SEEN = {
    60: """
sensor                     start             kind   severity
-------------------------  ----------------  -----  --------
heizung.Vorlauf            2024-02-14 14:20  spike      2.58
    one reading of 96.4 °C where 60.7 °C was expected,
    35.7 °C above (usual: 59.3 to 62.2 °C)
works/hall 3…_07.pressure  2024-07-01 00:00  drift     10.8
    one reading of 96.4 °C where 60.7 °C was expected,
    35.7 °C above (usual: 59.3 to 62.2 °C)
""",
    80: """
sensor                           start             kind   severity  event_id
-------------------------------  ----------------  -----  --------  ------------
heizung.Vorlauf                  2024-02-14 14:20  spike      2.58  8b8c135287cd
    one reading of 96.4 °C where 60.7 °C was expected, 35.7 °C above (usual:
    59.3 to 62.2 °C)
works/hall 3/ポンプ_07.pressure  2024-07-01 00:00  drift     10.8   1cf164fd656d
    one reading of 96.4 °C where 60.7 °C was expected, 35.7 °C above (usual:
    59.3 to 62.2 °C)
""",
    120: """
sensor                           start             kind   severity  event_id      explanation
-------------------------------  ----------------  -----  --------  ------------  --------------------------------------
heizung.Vorlauf                  2024-02-14 14:20  spike      2.58  8b8c135287cd  one reading of 96.4 °C where 60.7 °C
                                                                                  was expected, 35.7 °C above (usual:
                                                                                  59.3 to 62.2 °C)
works/hall 3/ポンプ_07.pressure  2024-07-01 00:00  drift     10.8   1cf164fd656d  one reading of 96.4 °C where 60.7 °C
                                                                                  was expected, 35.7 °C above (usual:
                                                                                  59.3 to 62.2 °C)
""",
}


def table(screen: Screen | None, *, wide: bool = False, rows: list[tuple[Cell, ...]] = ROWS) -> str:
    file = io.BytesIO()
    write_table(COLUMNS, rows, file, VIEW, screen, wide=wide)
    return file.getvalue().decode()


def plain(width: int) -> Screen:
    return Screen(width, 1000, is_coloured=False)


@pytest.mark.parametrize("width", SEEN)
def test_a_table_looks_as_it_was_seen(width: int) -> None:
    assert table(plain(width)) == SEEN[width].removeprefix("\n")


@pytest.mark.parametrize("wide", [False, True], ids=["main", "wide"])
@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_sentences_stay_whole(width: int, wide: bool) -> None:
    shown = table(plain(width), wide=wide)
    assert max(map(cell_len, shown.splitlines())) <= width
    # All words of the sentences are there, in order, and unbroken.
    words = " ".join(word for word in shown.split() if word in SAID.split())
    assert words.count(SAID) == len(ROWS)
    # All columns, and the whole of what they have.
    if wide:
        texts = [cell.isoformat() if isinstance(cell, datetime) else str(cell) for cell in ROWS[1]]
        assert [text for text in texts if text not in " ".join(shown.split())] == []


def test_what_a_table_leaves_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    table(plain(60))
    table(plain(200))
    table(plain(200), wide=True)
    assert capsys.readouterr().err.splitlines() == [
        "times: Europe/Berlin; 2 more columns: --wide",
        "times: Europe/Berlin; 1 more column: --wide",
    ]


def test_a_line_is_said_where_nothing_was_found(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert table(plain(80), rows=[]) == ""
    assert table(None, rows=[]).split()[0] == "sensor"
    for form in Format:
        for rows, said in (([], "No event.\n"), ([("a",)], "")):
            write_rows(["sensor"], iter(rows), form, tmp_path / "out", TableView(nothing="No event."))
            assert capsys.readouterr().err == said, form


def test_in_a_pipe_lines_are_as_long_as_they_are_and_times_whole() -> None:
    rows = table(None).splitlines()[2:]
    assert [row.endswith(SAID) for row in rows] == [True, True]
    assert "2024-07-01T00:00:00+02:00" in rows[1]


def test_colours_change_nothing_but_colours() -> None:
    coloured = table(Screen(80, 1000, is_coloured=True))
    assert re.findall(r"\x1b\[(\d+)m *([0-9.]+) *\x1b\[0m", coloured) == [("33", "2.58"), ("31", "10.8")]
    assert re.sub(r"\x1b\[\d+m", "", coloured) == table(plain(80))


def test_rows_behind_the_first_thousand_keep_to_the_width() -> None:
    late = [*ROWS[:1] * 1000, ("w" * 300, *ROWS[0][1:])]
    assert max(map(len, table(plain(120), rows=late).splitlines())) <= 120


def test_widths_are_shared_so_that_the_widest_texts_give_way() -> None:
    assert shares([40, 5, 20], [12, 5, 12], 69) == [40, 5, 20]
    assert shares([40, 5, 20], [12, 5, 12], 59) == [30, 5, 20]
    assert shares([40, 5, 20], [12, 5, 12], 39) == [15, 5, 15]
    assert shares([40, 5, 20], [12, 5, 18], 39) == [12, 5, 18]
    assert shares([40, 5, 20], [12, 5, 12], 32) is None


def test_a_column_of_paths_has_room_for_their_last_parts() -> None:
    assert least_of(["pump_1", "pump_2"]) == 12
    assert least_of(["/srv/exports/Historian_2026-03.csv", "/srv/exports/a.csv"]) == len("…/Historian_2026-03.csv")
    assert least_of(["s3://bucket/" + "a" * 200]) == 32


def test_a_row_of_a_file_is_broken_between_its_cells() -> None:
    assert wrapped("07:00;86,958;Good;63,469;Good", 14) == ["07:00;86,958;", "Good;63,469;", "Good"]


@pytest.mark.parametrize("width", range(12, 40))
def test_a_shortened_text_has_both_its_ends(width: int) -> None:
    text = "works/hall 3/ポンプ_07.pressure"
    short = shortened(text, width)
    assert cell_len(short) <= width
    head, _, tail = short.partition("…")
    assert text.startswith(head)
    assert text.endswith(tail)


def test_only_a_word_that_is_wider_than_a_line_is_broken() -> None:
    assert wrapped("one two three", 7) == ["one two", "three"]
    assert wrapped("a s3://bucket/key b", 8) == ["a", "s3://buc", "ket/key", "b"]
    assert wrapped("a s3://bucket/key b", 8, breaks=False) == ["a", "s3://bucket/key", "b"]
    assert wrapped("", 8) == [""]


def test_readings_on_a_terminal_have_no_tails_and_their_points_below_each_other(
    iotctl: Iotctl, environment: dict[str, str], fork_server: ForkServer, tmp_path: Path
) -> None:
    values = ["6.0680000000000005", "-114.5", "81.0", "1e-12", "123456789.125", "0.1"]
    uuid = "6ba7b810-9dad-11d1-80b4-00c04fd40000"
    rows = "".join(f"2016-01-01T00:0{number}Z;{uuid};{text}\n" for number, text in enumerate(values))
    (tmp_path / "in.csv").write_text("timestamp;sensor_uuid;sensor_value\n" + rows)
    assert iotctl("ingest", "in.csv", "--settle", "0s").returncode == 0
    settings = environment | {"IOTCTL_TIMEZONE": "UTC", "PAGER": "cat"}
    words = ["query", uuid, "2016-01-01", "2016-01-02"]

    def shown(*more: str) -> list[str]:
        code, text = forked_on_a_terminal(fork_server, [*words, *more], 80, settings, tmp_path)
        assert code == 0, text
        return [line[len("2016-01-01T00:00:00+00:00  ") :] for line in text.splitlines()[2:]]

    seen = shown()
    assert [float(text) for text in seen] == [6.068, -114.5, 81, 1e-12, 123456789.1, 0.1]
    assert {text.index(".") for text in seen if "e" not in text} == {len("123456789")}
    assert [text.strip() for text in shown("--wide")] == ["6.0680000000000005", *values[1:]]
    assert [line.split(",")[1] for line in iotctl(*words).stdout.splitlines()[1:]] == values


def test_a_terminal_gets_what_fits_it_and_a_pipe_no_colour(
    iotctl: Iotctl, environment: dict[str, str], fork_server: ForkServer, tmp_path: Path
) -> None:
    """The whole way, on one database: the size of the terminal, NO_COLOR, the pager, and what is said of nothing."""
    uuids = [f"6ba7b810-9dad-11d1-80b4-00c04fd4{number:04}" for number in range(60)]
    rows = "".join(f"2016-01-01T00:00Z;{uuid};1\n" for uuid in uuids)
    (tmp_path / "in.csv").write_text("timestamp;sensor_uuid;sensor_value\n" + rows)
    settings = environment | {"IOTCTL_TIMEZONE": "UTC", "PAGER": "sed s/^/paged:/"}

    def terminal(*arguments: str, width: int, height: int = 50, **more: str) -> str:
        code, shown = forked_on_a_terminal(fork_server, arguments, width, settings | more, tmp_path, height=height)
        assert code == 0, shown
        return shown

    nothing = terminal("runs", width=60)
    assert nothing == "There is no run yet. To load files: iotctl ingest\n"
    assert iotctl("ingest", "in.csv").returncode == 0
    for width in (60, 120):
        shown = terminal("runs", width=width)
        assert "\x1b[32mdone" in shown
        lines = re.sub(r"\x1b\[\d+m", "", shown).splitlines()
        assert max(map(len, lines)) <= width
        assert ("iotctl ingest in.csv" in lines[2]) == (width > 60)
    assert "\x1b" not in terminal("runs", width=80, NO_COLOR="1")
    assert "\x1b" not in iotctl("runs", "--format", "table").stdout
    status = terminal("status", width=40)
    assert status.split() == iotctl("status", IOTCTL_TIMEZONE="UTC").stdout.split()
    assert all(len(line) <= 40 or "/" in line for line in status.splitlines())
    long = terminal("sensors", width=60, height=20).splitlines()
    assert [line.startswith("paged:") for line in long] == [True] * 62 + [False]
    short = terminal("sensors", "--limit", "17", width=60, height=20)
    assert "paged:" not in short
    readings = ["query", *uuids[:9], "2016-01-01", "2016-01-02"]
    queried = terminal(*readings, width=60, PAGER="cat").splitlines()
    assert len(queried) == 11
    assert max(map(len, queried)) <= 60
    whole = terminal(*readings, "--wide", width=60, PAGER="cat")
    assert uuids[8] in whole
    assert uuids[8] not in queried[-1]
    none = terminal("query", uuids[0], "2015-01-01", "2015-01-02", width=60)
    assert " ".join(none.split()).startswith(f"{uuids[0]} has no readings in this range; it has some from ")
