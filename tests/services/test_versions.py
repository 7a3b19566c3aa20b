"""Only the present content of a file counts: new versions, loading again, forgetting, conflicts."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iotctl.formats import ReadOptions
from iotctl.formats.layouts.layout import Layout, TextLayout, TimeLayout, ValueLayout
from iotctl.model import OnDuplicate
from iotctl.repositories import Database, ensure_schema, list_conflicts, list_rejects
from iotctl.services.ingest.forget import files_to_forget, forget
from iotctl.services.ingest.ingest import IngestRun
from iotctl.services.ingest.load_task import IngestRequest, LoadOptions
from iotctl.services.ingest.progress import IngestListener, Silent
from iotctl.services.ingest.tally import IngestSummary
from iotctl.sources import StoreSettings
from iotctl.workers.threads import Threads
from tests.obvious import HEADER, SENSORS, Key, table

A, B = SENSORS[:2]


class Folder:
    """A folder of files that a database follows."""

    def __init__(self, path: Path, database: Database) -> None:
        self.path = path
        self.database = database
        self._age = 0

    def put(self, name: str, *rows: str) -> None:
        """Write a file anew, a minute later than the last one."""
        self._age += 1
        (self.path / name).write_text(HEADER + "".join(f"{row}\n" for row in rows))
        moment = datetime(2020, 1, 1, 0, self._age, tzinfo=UTC).timestamp()
        os.utime(self.path / name, (moment, moment))

    def ingest(
        self,
        *,
        again: bool = False,
        on_duplicate: OnDuplicate = OnDuplicate.SKIP,
        listener: IngestListener | None = None,
        **read: object,
    ) -> IngestSummary:
        with Threads(2) as threads:
            options = LoadOptions(ReadOptions(**read), on_duplicate)  # type: ignore[arg-type]
            request = IngestRequest(str(self.path), StoreSettings(), options, again=again)
            summary = IngestRun(request, self.database, threads, listener or Silent(), threading.Event()).run()
        assert summary.balance.holds
        return summary

    def stop_after_two_batches(self, **read: object) -> None:
        """An ingest that is interrupted in the middle of a file."""
        stop = threading.Event()

        class Stopping(Silent):
            batches = 0

            def advanced(self, *_: object) -> None:
                self.batches += 1
                if self.batches == 2:
                    stop.set()

        with Threads(1) as threads:
            options = LoadOptions(ReadOptions(batch_rows=100, block_bytes=4000, **read))  # type: ignore[arg-type]
            request = IngestRequest(str(self.path), StoreSettings(), options)
            IngestRun(request, self.database, threads, Stopping(), stop).run()

    def forget(self, *names: str) -> tuple[int, int, int]:
        uris = files_to_forget(self.database, [str(self.path / name) for name in names])
        done = forget(self.database, uris)
        return done.files, done.readings, done.reopened

    @property
    def table(self) -> dict[Key, float]:
        return table(self.database)


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Folder:
    return Folder(tmp_path, database)


def at(sensor: str, hour: int, minute: int = 0) -> Key:
    return sensor, datetime(2016, 1, 1, hour, minute, tzinfo=UTC)


def row(sensor: str, hour: int, value: float, minute: int = 0) -> str:
    return f"2016-01-01T{hour:02}:{minute:02}Z;{sensor};{value}"


def test_a_new_version_corrects_adds_and_removes(folder: Folder) -> None:
    folder.put("day.csv", row(A, 0, 1), row(A, 1, 99), row(A, 2, 3), row(B, 0, 5))
    folder.ingest()
    folder.put("day.csv", row(A, 0, 1), row(A, 1, 2), row(A, 3, 4))
    summary = folder.ingest()
    assert folder.table == {at(A, 0): 1, at(A, 1): 2, at(A, 3): 4}
    assert (summary.balance.loaded, summary.corrected, summary.removed) == (3, 1, 2)
    assert (summary.balance.duplicates, summary.balance.conflicts) == (0, 0)
    again = folder.ingest()
    assert (again.files, again.unchanged) == (0, 1)


def test_a_version_that_comes_back_is_loaded_again(folder: Folder) -> None:
    first, second = [row(A, 0, 1)], [row(A, 0, 2), row(A, 1, 2)]
    folder.put("a.csv", *first)
    when = (folder.path / "a.csv").stat().st_mtime
    folder.ingest()
    folder.put("a.csv", *second)
    folder.ingest()
    folder.put("a.csv", *first)
    os.utime(folder.path / "a.csv", (when, when))  # the very version of before
    folder.ingest()
    assert folder.table == {at(A, 0): 1}


def test_an_empty_version_takes_everything_away(folder: Folder) -> None:
    folder.put("a.csv", row(A, 0, 1), row(A, 1, 1))
    folder.ingest()
    folder.put("a.csv")
    assert folder.ingest().removed == 2
    assert folder.table == {}


def test_others_see_a_new_version_as_a_whole_or_not_at_all(folder: Folder) -> None:
    minutes = range(3000)
    folder.put("a.csv", *(row(A, m // 60 % 24, 0, m % 60) for m in minutes if m < 1440))
    folder.ingest()
    folder.put("a.csv", *(row(A, m // 60 % 24, 1, m % 60) for m in minutes if m < 1440))
    seen: set[tuple[object, ...]] = set()
    done = threading.Event()

    def watch() -> None:
        with folder.database.connect() as conn:
            while not done.is_set():
                seen.update(
                    conn.execute("SELECT count(*), min(sensor_value), max(sensor_value) FROM reading").fetchall()
                )

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        folder.ingest(batch_rows=100, block_bytes=4000)
    finally:
        done.set()
        watcher.join()
    assert seen <= {(1440, 0.0, 0.0), (1440, 1.0, 1.0)}
    assert set(folder.table.values()) == {1.0}


def test_what_a_new_version_has_no_more_comes_back_from_another_file(folder: Folder) -> None:
    folder.put("a.csv", row(A, 0, 1), row(A, 1, 1))
    folder.put("b.csv", row(A, 0, 2), row(A, 1, 2), row(A, 2, 2))
    summary = folder.ingest()
    assert folder.table == {at(A, 0): 1, at(A, 1): 1, at(A, 2): 2}
    assert summary.balance.conflicts == 2
    folder.put("a.csv", row(A, 1, 1))
    summary = folder.ingest()
    assert folder.table == {at(A, 0): 2, at(A, 1): 1, at(A, 2): 2}
    assert (summary.files, summary.unchanged) == (1, 1)


def test_a_new_version_keeps_its_rank(folder: Folder) -> None:
    folder.put("a.csv", row(A, 0, 1))
    folder.put("b.csv", row(A, 0, 2), row(A, 1, 2))
    folder.ingest()
    folder.put("a.csv", row(A, 0, 3), row(A, 1, 3))
    folder.ingest()
    assert folder.table == {at(A, 0): 3, at(A, 1): 3}  # it was listed first


def test_rejects_and_conflicts_are_those_of_the_newest_version(folder: Folder) -> None:
    folder.put("a.csv", row(A, 0, 1))
    folder.put("b.csv", row(A, 0, 2), "nonsense")
    folder.ingest()
    with folder.database.connect() as conn:
        assert [(c.sensor, c.value, c.kept_value) for c in list_conflicts(conn)] == [(A, 2.0, 1.0)]
        assert [kept.reject.text for kept in list_rejects(conn)] == ["nonsense"]
    folder.put("b.csv", row(A, 0, 1))
    summary = folder.ingest()
    assert (summary.balance.duplicates, summary.balance.conflicts, summary.balance.rejected) == (1, 0, 0)
    with folder.database.connect() as conn:
        assert list(list_conflicts(conn)) == []
        assert list(list_rejects(conn)) == []


def test_a_new_version_that_cannot_be_read_leaves_what_was_there(folder: Folder) -> None:
    folder.put("a.csv", row(A, 0, 1))
    folder.ingest()
    (folder.path / "a.csv").write_text("no;such;columns\n1;2;3\n")
    summary = folder.ingest()
    assert len(summary.failed) == 1
    assert folder.table == {at(A, 0): 1}
    folder.put("a.csv", row(A, 0, 2))
    folder.ingest()
    assert folder.table == {at(A, 0): 2}


def test_a_file_that_was_cut_off_in_the_middle_and_changed_ends_as_its_new_version(folder: Folder) -> None:
    rows = [row(A, m // 60, 1, m % 60) for m in range(600)]
    folder.put("a.csv", *rows)
    folder.stop_after_two_batches()
    assert 0 < len(folder.table) < 600
    folder.put("a.csv", row(A, 0, 7), row(A, 23, 8))
    folder.ingest()
    assert folder.table == {at(A, 0): 7, at(A, 23): 8}


def test_a_file_begun_under_other_options_is_loaded_under_one_set_of_them(folder: Folder) -> None:
    rows = [f"2016-01-01 {m // 60:02}:{m % 60:02};{A};{m}" for m in range(600)]
    folder.put("a.csv", *rows)
    folder.stop_after_two_batches(timezone="Europe/Berlin")
    assert 0 < len(folder.table) < 600
    folder.ingest(timezone="UTC", batch_rows=100, block_bytes=4000)
    assert folder.table == {at(A, m // 60, m % 60): m for m in range(600)}


def test_again_with_another_zone_moves_the_readings(folder: Folder) -> None:
    folder.put("a.csv", f"2016-01-01 12:00;{A};1")
    folder.ingest(timezone="Europe/Berlin")
    notes: list[str] = []

    class Notes(Silent):
        def noted(self, message: str, uri: str | None = None) -> None:
            notes.append(message)

    folder.ingest(timezone="UTC", listener=Notes())
    assert folder.table == {at(A, 11): 1}
    assert any("timezone Europe/Berlin" in note and "--again" in note for note in notes)
    summary = folder.ingest(timezone="UTC", again=True)
    assert folder.table == {at(A, 12): 1}
    assert (summary.files, summary.removed) == (1, 1)
    notes.clear()
    folder.ingest(timezone="UTC", listener=Notes())
    assert notes == []


def test_a_file_of_which_all_was_rejected_is_tried_with_other_options(folder: Folder) -> None:
    folder.put("a.csv", f"2016-01-01T12:00Z;{A};NaN")
    assert folder.ingest().balance.rejected == 1
    assert folder.ingest().balance.rows_read == 0
    assert folder.ingest(allow_nan=True).balance.loaded == 1
    assert len(folder.table) == 1


def test_a_version_of_which_no_row_can_be_read_takes_nothing_away(folder: Folder) -> None:
    folder.put("a.csv", row(A, 0, 1), row(A, 1, 1))
    folder.ingest()
    folder.put("a.csv", f"soon;{A};1", f"later;{A};2")
    summary = folder.ingest()
    assert "None of 2 rows gives a reading; the first: line 2 (time)" in summary.failed[0].error.message
    assert folder.table == {at(A, 0): 1, at(A, 1): 1}
    folder.put("a.csv", row(A, 0, 3))
    assert folder.ingest().failed == ()
    assert folder.table == {at(A, 0): 3}
    folder.put("a.csv")  # it is empty on purpose
    assert folder.ingest().removed == 1
    assert folder.table == {}


def test_a_layout_that_finds_no_value_takes_nothing_away(folder: Folder) -> None:
    layout = Layout(
        TimeLayout(("timestamp",)),
        sensor="{sensor_uuid}",
        values=(ValueLayout("sensor_value"),),
        text=TextLayout(delimiter=";"),
    )
    folder.put("a.csv", row(A, 0, 1), row(A, 1, 1))
    folder.ingest(layouts=(layout,))
    loaded = folder.table
    summary = folder.ingest(layouts=(replace(layout, missing=("1",)),), again=True)
    assert [failed.error.message for failed in summary.failed] == ["None of 2 rows gives a reading."]
    assert folder.table == loaded == {at(A, 0): 1, at(A, 1): 1}


def test_forget_takes_away_what_a_file_had_loaded_and_no_more(folder: Folder) -> None:
    folder.put("a.csv", row(A, 0, 1), row(A, 1, 1), "nonsense")
    folder.put("b.csv", row(A, 1, 2), row(A, 2, 2))
    folder.ingest()
    assert folder.forget("a.csv") == (1, 2, 1)
    assert folder.table == {at(A, 2): 2}
    (folder.path / "a.csv").unlink()
    folder.ingest()  # b speaks again
    assert folder.table == {at(A, 1): 2, at(A, 2): 2}
    with folder.database.connect() as conn:
        assert list(list_rejects(conn)) == []
    assert folder.forget("*") == (1, 2, 0)
    assert folder.table == {}
    folder.ingest()
    assert folder.table == {at(A, 1): 2, at(A, 2): 2}


def test_forget_names_files_as_ingest_does(folder: Folder) -> None:
    (folder.path / "2016").mkdir()
    folder.put("2016/a.csv", row(A, 0, 1))
    folder.put("b.csv", row(A, 1, 1))
    folder.ingest()
    database, path = folder.database, folder.path
    assert files_to_forget(database, [str(path / "2016")]) == [str(path / "2016" / "a.csv")]
    assert files_to_forget(database, [f"file://{path}/b.csv"]) == [str(path / "b.csv")]
    assert files_to_forget(database, ["*/2016/*"]) == [str(path / "2016" / "a.csv")]
    assert len(files_to_forget(database, [str(path)])) == 2
    with pytest.raises(Exception, match="No loaded file has the name"):
        files_to_forget(database, [str(path / "c.csv")])


def test_conflicts_are_told_from_duplicates(folder: Folder) -> None:
    folder.put("a.csv", row(A, 0, 1), row(A, 1, 1), row(A, 1, 1), row(A, 1, 5))
    folder.put("b.csv", row(A, 0, 1.0), row(A, 1, 3))
    balance = folder.ingest().balance
    assert (balance.rows_read, balance.loaded, balance.duplicates, balance.conflicts) == (6, 2, 2, 2)
    with folder.database.connect() as conn:
        found = [(Path(c.uri).name, c.value, Path(str(c.kept_uri)).name, c.kept_value) for c in list_conflicts(conn)]
        assert found == [("a.csv", 5.0, "a.csv", 1.0), ("b.csv", 3.0, "a.csv", 1.0)]
        ensure_schema(conn)
        conn.execute("INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (1, '2016-01-01 05:00Z', 7)")
    folder.put("c.csv", row(A, 5, 8))
    assert folder.ingest().balance.conflicts == 1
    with folder.database.connect() as conn:
        assert [(c.value, c.kept_uri, c.kept_value) for c in list_conflicts(conn, "c.csv")] == [(8.0, None, 7.0)]


def test_the_list_of_conflicts_has_a_bound_and_the_count_has_none(folder: Folder) -> None:
    folder.put("a.csv", *(row(A, m // 60, 1, m % 60) for m in range(1200)))
    folder.put("b.csv", *(row(A, m // 60, 2, m % 60) for m in range(1200)))
    assert folder.ingest().balance.conflicts == 1200
    with folder.database.connect() as conn:
        assert len(list(list_conflicts(conn))) == 1000


def test_times_that_collide_as_their_digits_were_cut_are_conflicts(folder: Folder) -> None:
    folder.put(
        "a.csv", f"2016-01-01T00:00:00.0000001Z;{A};1", f"2016-01-01T00:00:00.0000002Z;{A};2", f"2016-01-02Z;{A};3"
    )
    assert folder.ingest().balance.conflicts == 1


def test_a_replace_that_touches_many_compressed_readings_is_done(timescale: Database, tmp_path: Path) -> None:
    folder = Folder(tmp_path, timescale)

    def minutes(value: float) -> Iterator[str]:
        for minute in range(120_000):
            yield f"{1_420_070_400 + 60 * minute};{A};{value}"

    folder.put("a.csv", *minutes(1))
    folder.ingest()
    folder.put("b.csv", *minutes(2))
    summary = folder.ingest(on_duplicate=OnDuplicate.REPLACE)
    assert (summary.error, summary.balance.loaded) == (None, 120_000)
    assert set(folder.table.values()) == {2.0}
    folder.put("b.csv", *minutes(3))
    assert folder.ingest(on_duplicate=OnDuplicate.REPLACE).corrected == 120_000
    assert set(folder.table.values()) == {3.0}
