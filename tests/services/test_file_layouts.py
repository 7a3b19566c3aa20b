"""The ledger knows the layout of each file: verify and files that are read again use it, another one is told."""

from __future__ import annotations

import dataclasses
import json
import threading
from pathlib import Path

import pytest

from iotctl.formats import ReadOptions
from iotctl.formats.layouts.identity import layout_digest
from iotctl.formats.layouts.layout import AUTO, STANDARD, Layout, QualityLayout, TextLayout, TimeLayout, ValueLayout
from iotctl.repositories import Database, list_rejects, reject_counts
from iotctl.services.ingest.file_layouts import is_same
from iotctl.services.ingest.ingest import IngestRun
from iotctl.services.ingest.load_task import IngestRequest, LoadOptions
from iotctl.services.ingest.progress import Silent
from iotctl.services.ingest.tally import IngestSummary
from iotctl.services.verify.compare import Fault
from iotctl.services.verify.verify import Verification, verify
from iotctl.sources import StoreSettings
from iotctl.workers.threads import Threads

UUID = "6f2c1d0a-1111-4222-8333-444455556666"
STANDARD_FILE = f"timestamp;sensor_uuid;sensor_value\n2024-01-01T00:00Z;{UUID};1\n2024-01-01T00:10Z;{UUID};2\n"
WIDE_FILE = "when,device,temp,hum\n2024-01-01 00:00,a,1.5,40\n2024-01-01 00:10,a,,41\n2024-01-01 00:20,b,2.5,x\n"
WIDE = Layout(
    name="plant",
    time=TimeLayout(("when",), timezone="UTC"),
    sensor="{device}/{field}",
    values=(ValueLayout("temp", unit="°C"), ValueLayout("hum")),
)


class Told(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def noted(self, message: str, file: str | None = None) -> None:
        self.notes.append(message)


class Folder:
    """A folder and a database that its files are loaded into."""

    def __init__(self, path: Path, database: Database) -> None:
        self.path, self.database, self.told = path, database, Told()

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text)

    def ingest(
        self, *layouts: Layout, again: bool = False, timezone: str = "Europe/Berlin", dry_run: bool = False
    ) -> IngestSummary:
        options = LoadOptions(ReadOptions(timezone, settle_seconds=0, layouts=layouts or (STANDARD,)))
        self.told = Told()
        with Threads(2) as threads:
            request = IngestRequest(str(self.path), StoreSettings(), options, again=again, dry_run=dry_run)
            return IngestRun(request, self.database, threads, self.told, threading.Event()).run()

    def verify(self) -> list[Fault]:
        verdict = Verification()
        return [one.fault for one in verify(str(self.path), self.database, StoreSettings(), verdict, listener=Silent())]

    def rows(self) -> list[tuple[object, ...]]:
        with self.database.connect() as conn:
            return conn.execute(
                "SELECT coalesce(sensor_name, sensor_uuid::text), to_char(timestamp AT TIME ZONE 'UTC', 'HH24:MI'),"
                " sensor_value FROM reading JOIN sensor USING (sensor_id) ORDER BY 1, 2"
            ).fetchall()

    def layouts(self) -> dict[str, str]:
        with self.database.connect() as conn:
            rows = conn.execute("SELECT uri, options ->> 'layout' FROM ingest_file").fetchall()
        return {Path(str(uri)).name: str(layout) for uri, layout in rows}


@pytest.fixture
def folder(tmp_path: Path, database: Database) -> Folder:
    (tmp_path / "in").mkdir()
    return Folder(tmp_path / "in", database)


OF_WIDE = [("a/hum", "00:00", 40.0), ("a/hum", "00:10", 41.0), ("a/temp", "00:00", 1.5), ("b/temp", "00:20", 2.5)]


def test_a_file_with_a_layout_is_loaded_balanced_and_verified(folder: Folder) -> None:
    folder.write("w.csv", WIDE_FILE)
    summary = folder.ingest(WIDE)
    balance = summary.balance
    assert (balance.rows_read, balance.loaded, balance.missing, balance.rejected) == (6, 4, 1, 1)
    assert (balance.holds, folder.rows()) == (True, OF_WIDE)
    digest = layout_digest(WIDE)
    assert folder.layouts() == {"w.csv": f"plant {digest}"}
    with folder.database.connect() as conn:
        units = conn.execute("SELECT sensor_name, file_unit FROM sensor WHERE file_unit IS NOT NULL ORDER BY 1")
        assert units.fetchall() == [("a/temp", "°C"), ("b/temp", "°C")]
    # Nothing but the ledger says how the file is to be read.
    assert folder.verify() == []
    with folder.database.connect() as conn:
        conn.execute("UPDATE reading SET sensor_value = 9 WHERE sensor_value = 41")
    assert folder.verify() == [Fault.DIFFERENT]
    with folder.database.connect() as conn:
        conn.execute("DELETE FROM file_layout")
    assert folder.verify() == [Fault.UNREADABLE]


def test_a_file_that_was_loaded_with_another_layout_stays_and_is_told(folder: Folder) -> None:
    folder.write("w.csv", WIDE_FILE)
    folder.ingest(WIDE)
    other = dataclasses.replace(WIDE, values=WIDE.values[:1])
    summary = folder.ingest(other)
    assert (summary.unchanged, folder.rows()) == (1, OF_WIDE)
    assert any(f"1 file as loaded before, with layout plant {layout_digest(WIDE)}" in n for n in folder.told.notes)
    # Names and patterns decide no reading.
    assert folder.ingest(dataclasses.replace(WIDE, name="other", files=("*.csv",))).unchanged == 1
    assert folder.told.notes == []
    assert folder.ingest(other, again=True).files == 1
    assert folder.rows() == [row for row in OF_WIDE if "temp" in str(row[0])]
    assert (folder.layouts()["w.csv"], folder.verify()) == (f"plant {layout_digest(other)}", [])


def test_a_folder_of_several_layouts_keeps_each(folder: Folder) -> None:
    wide = dataclasses.replace(WIDE, files=("w*.csv",))
    standard = dataclasses.replace(STANDARD, name="uuids", files=("s*.csv",))
    for name, text in (("w.csv", WIDE_FILE), ("s.csv", STANDARD_FILE), ("x.csv", WIDE_FILE)):
        folder.write(name, text)
    summary = folder.ingest(wide, standard)
    assert (summary.files, len(summary.failed)) == (2, 1)
    assert folder.layouts() == {
        "w.csv": f"plant {layout_digest(WIDE)}",
        "s.csv": f"uuids {layout_digest(standard)}",
        "x.csv": "none",
    }
    assert folder.verify() == [Fault.FAILED]


def test_a_file_of_which_a_wrong_layout_gave_nothing_is_tried_with_another(folder: Folder) -> None:
    folder.write("w.csv", WIDE_FILE)
    wrong = dataclasses.replace(WIDE, time=TimeLayout(("when",), format="%d.%m.%Y"))
    assert folder.ingest(wrong).loss == "all 3 rows were rejected"
    assert folder.ingest(WIDE).files == 1
    assert (folder.rows(), folder.verify()) == (OF_WIDE, [])


def test_a_file_that_is_read_again_for_another_ones_sake_keeps_its_layout(folder: Folder) -> None:
    """Two files give the same reading; the first to be listed has it. Once it has it no more, the other one counts."""
    folder.write("a.csv", "when,device,temp,hum\n2024-01-01 00:00,a,1.5,40\n2024-01-01 00:10,a,7,42\n")
    folder.ingest(WIDE)
    folder.write("b.csv", "t;d;v\n2024-01-01 00:10;a;8\n2024-01-01 00:20;a;9\n")
    only_temp = Layout(
        time=TimeLayout(("t",), timezone="UTC"),
        sensor="{d}/temp",
        values=(ValueLayout("v"),),
        text=TextLayout(delimiter=";"),
    )
    folder.ingest(only_temp)
    assert ("a/temp", "00:10", 7.0) in folder.rows()
    folder.write("a.csv", "when,device,temp,hum\n2024-01-01 00:00,a,1.5,40\n")
    summary = folder.ingest(WIDE)
    assert (summary.removed, summary.balance.rejected) == (2, 0)
    assert folder.rows() == [
        ("a/hum", "00:00", 40.0),
        ("a/temp", "00:00", 1.5),
        ("a/temp", "00:10", 8.0),
        ("a/temp", "00:20", 9.0),
    ]
    assert (folder.layouts()["b.csv"], folder.verify()) == (f"layout {layout_digest(only_temp)}", [])


def test_what_auto_found_is_kept_and_a_second_run_does_nothing(folder: Folder) -> None:
    times = [f"2024-01-01T{hour:02}:{minute}:00Z" for hour in range(9) for minute in ("00", "30")]
    rows = "".join(f"{time},boiler-{row % 2},{20 + row / 7:.2f}\n" for row, time in enumerate(times))
    folder.write("w.csv", "time,device,temperature\n" + rows)
    folder.write("s.csv", STANDARD_FILE)
    folder.write("bad.csv", f"timestamp;sensor_uuid;sensor_value\nnever;{UUID};1\n")
    assert folder.ingest(AUTO).files == 3
    kept = folder.layouts()
    assert (kept["s.csv"], kept["w.csv"].split()[0], len(folder.rows())) == ("auto standard", "auto", 20)
    assert folder.verify() == []
    assert (folder.ingest(AUTO).unchanged, folder.told.notes) == (3, [])


def test_the_first_readings_of_bad_quality_are_kept_over_all_batches(folder: Folder) -> None:
    layout = dataclasses.replace(WIDE, values=WIDE.values[:1], quality=QualityLayout(("ok",), "status"))
    rows = [f"2024-01-01 00:{row:02},a,{row},{'ok' if row % 4 == 0 else 'off'}" for row in range(60)]
    folder.write("w.csv", "\n".join(["when,device,temp,status", *rows, ""]))
    read = ReadOptions(settle_seconds=0, layouts=(layout,), keep_rejects=5, batch_rows=8, block_bytes=200)
    with Threads(1) as threads:
        request = IngestRequest(str(folder.path), StoreSettings(), LoadOptions(read))
        summary = IngestRun(request, folder.database, threads, Silent(), threading.Event()).run()
    assert (summary.balance.bad_quality, summary.balance.loaded) == (45, 15)
    with folder.database.connect() as conn:
        assert [kept.reject.line for kept in list_rejects(conn)] == [3, 4, 5, 7, 8]
        (count,) = reject_counts(conn)
        batches = conn.execute("SELECT count(*) FROM ingest_batch").fetchone()
    assert (count.rows, count.kept) == (45, 5)
    assert batches is not None
    assert int(str(batches[0])) > 3


def test_a_dry_run_counts_as_the_load_does(folder: Folder) -> None:
    folder.write("w.csv", WIDE_FILE)
    dry = folder.ingest(WIDE, dry_run=True)
    assert (dry.files, dry.unchanged, folder.rows()) == (1, 0, [])
    balance = folder.ingest(WIDE).balance
    assert (dry.balance.rows_read, dry.balance.missing, dry.balance.rejected, dry.balance.no_readings) == (6, 1, 1, 2)
    assert (balance.missing, balance.rejected) == (1, 1)
    dry = folder.ingest(WIDE, dry_run=True)
    assert (dry.files, dry.unchanged, dry.balance.rows_read) == (0, 1, 0)
    dry = folder.ingest(WIDE, dry_run=True, again=True)
    assert (dry.files, dry.unchanged, dry.balance.rows_read) == (1, 0, 6)


def test_a_digest_hangs_on_what_decides_readings_alone() -> None:
    assert layout_digest(dataclasses.replace(WIDE, name="x", files=("*.txt",))) == layout_digest(WIDE)
    for other in (
        dataclasses.replace(WIDE, missing=("-",)),
        dataclasses.replace(WIDE, preamble={"a": "b"}),
        dataclasses.replace(WIDE, text=TextLayout(decimal=",")),
        dataclasses.replace(WIDE, values=WIDE.values[::-1]),
    ):
        assert layout_digest(other) != layout_digest(WIDE)
    assert (layout_digest(STANDARD), layout_digest(AUTO)) == ("standard", "auto")
    assert json.dumps(layout_digest(WIDE)) == f'"{layout_digest(WIDE)}"'
    assert is_same("auto plant 12", "other 12")
    assert is_same("standard", "standard")
    assert not is_same("standard", "plant 12")
