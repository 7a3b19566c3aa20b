"""Ingest on real servers: the table equals that of a slow and obvious loader, whatever happens during the load."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from iotctl.errors import DuplicateError, IotctlError, RejectLimitError
from iotctl.formats import ReadOptions
from iotctl.model import OnDuplicate
from iotctl.repositories import Database, ensure_schema, list_rejects
from iotctl.services.ingest.ingest import IngestRun
from iotctl.services.ingest.load_task import IngestRequest, LoadOptions, RejectLimit
from iotctl.services.ingest.progress import Silent
from iotctl.services.ingest.tally import IngestSummary
from iotctl.sources import StoreSettings
from iotctl.workers.threads import Threads
from tests.faulty_proxy import Fault, FaultyProxy
from tests.obvious import HEADER, SENSORS, obvious, table, write_files
from tests.store import S3Server


def store_settings(store: S3Server, endpoint_url: str | None = None) -> StoreSettings:
    return StoreSettings(
        endpoint_url or store.endpoint_url, store.access_key, store.secret_key, "us-east-1", read_seconds=2.0
    )


@contextmanager
def stopped_after(batches: int) -> Iterator[tuple[threading.Event, Silent]]:
    stop = threading.Event()

    class Stopper(Silent):
        seen = 0

        def advanced(self, file: object, done: float, rows: int) -> None:
            Stopper.seen += 1
            if Stopper.seen >= batches:
                stop.set()

    yield stop, Stopper()


def run(
    uri: str,
    database: Database,
    settings: StoreSettings,
    *,
    workers: int = 2,
    batch_rows: int = 400,
    on_duplicate: OnDuplicate = OnDuplicate.SKIP,
    max_rejects: RejectLimit | None = None,
    stop: threading.Event | None = None,
    listener: Silent | None = None,
) -> IngestSummary:
    options = LoadOptions(
        ReadOptions(batch_rows=batch_rows, block_bytes=8000), on_duplicate, max_rejects or RejectLimit()
    )
    with Threads(workers) as threads:
        request = IngestRequest(uri, settings, options)
        summary = IngestRun(request, database, threads, listener or Silent(), stop or threading.Event()).run()
    assert summary.balance.holds
    return summary


def test_the_table_equals_that_of_an_obvious_loader(database: Database, store: S3Server) -> None:
    contents = write_files(store, "obvious", 6, 3000)
    summary = run("s3://obvious/t/", database, store_settings(store), workers=4)
    expected = obvious(contents)
    assert table(database) == expected
    assert (summary.files, summary.balance.rows_read, summary.balance.rejected) == (6, 18_000, 6)
    assert summary.balance.loaded == len(expected)
    with database.connect() as conn:
        rejects = list(list_rejects(conn, "003.csv"))
    assert [(kept.uri, kept.reject.text) for kept in rejects] == [("s3://obvious/t/003.csv", "nonsense")]
    again = run("s3://obvious/t/", database, store_settings(store))
    assert (again.files, again.unchanged, again.balance.rows_read) == (0, 6, 0)


def test_replace_keeps_the_newest_files_readings(database: Database, tmp_path: Path) -> None:
    for number, hour in enumerate((3, 1, 2)):
        path = tmp_path / f"{number}.csv"
        path.write_text(HEADER + f"2014-01-01;{SENSORS[0]};{number}\n2014-01-01;{SENSORS[0]};{number}.5\n")
        moment = datetime(2020, 1, 1, hour, tzinfo=UTC).timestamp()
        os.utime(path, (moment, moment))
    for order in (OnDuplicate.SKIP, OnDuplicate.REPLACE):
        run(str(tmp_path), database, StoreSettings(), on_duplicate=order, workers=3)
        assert list(table(database).values()) == [0.0]
    (tmp_path / "3.csv").write_text(HEADER + f"2014-01-01;{SENSORS[0]};9\n2014-01-01;{SENSORS[0]};9.5\n")
    summary = run(str(tmp_path), database, StoreSettings(), on_duplicate=OnDuplicate.REPLACE)
    assert list(table(database).values()) == [9.5]
    assert (summary.balance.loaded, summary.balance.conflicts) == (1, 1)


@pytest.mark.parametrize("on_duplicate", [OnDuplicate.SKIP, OnDuplicate.REPLACE])
def test_small_files_share_a_batch_and_each_keeps_its_own_balance(
    database: Database, tmp_path: Path, on_duplicate: OnDuplicate
) -> None:
    def write(name: str, minutes: range, value: float, hour: int, more: str = "") -> None:
        rows = "".join(f"2014-01-01 {m // 60:02}:{m % 60:02};{SENSORS[m % 3]};{value}\n" for m in minutes)
        (tmp_path / name).write_text(HEADER + rows + more)
        moment = datetime(2020, 1, 1, hour, tzinfo=UTC).timestamp()
        os.utime(tmp_path / name, (moment, moment))

    write("a.csv", range(60), 1.0, 3)
    write("b.csv", range(30, 90), 2.0, 1)
    write("c.csv", range(80, 100), 3.0, 2, "nonsense\n")
    write("d.csv", range(0), 4.0, 4)
    summary = run(str(tmp_path), database, StoreSettings(), batch_rows=10_000, on_duplicate=on_duplicate)
    first = {1.0: 60, 2.0: 30, 3.0: 10} if on_duplicate is OnDuplicate.SKIP else {1.0: 60, 2.0: 20, 3.0: 20}
    assert Counter(table(database).values()) == first
    with database.connect() as conn:
        batches = conn.execute(
            "SELECT uri, rows_read, rows_loaded, conflicts, rejected, count(*) OVER (PARTITION BY loaded_at)"
            " FROM ingest_batch JOIN ingest_file USING (file_id) WHERE rows_read > 0 ORDER BY uri"
        ).fetchall()
    assert [row[1:] for row in batches] == [
        (60, first[1.0], 60 - first[1.0], 0, 3),
        (60, first[2.0], 60 - first[2.0], 0, 3),
        (21, first[3.0], 20 - first[3.0], 1, 3),
    ]
    assert (summary.files, summary.balance.loaded, summary.balance.conflicts) == (4, 100, 40)
    # What the table has by now is looked at file by file.
    write("e.csv", range(50, 110), 5.0, 5)
    write("f.csv", range(100, 120), 6.0, 6)
    run(str(tmp_path), database, StoreSettings(), batch_rows=10_000, on_duplicate=on_duplicate)
    newest = {1.0: 50, 5.0: 50, 6.0: 20}
    assert Counter(table(database).values()) == (
        first | {5.0: 10, 6.0: 10} if on_duplicate is OnDuplicate.SKIP else newest
    )


def test_fail_and_too_many_rejects_stop_a_file_and_not_the_others(postgres: Database, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + f"2014-01-01T12:00Z;{SENSORS[0]};1\n")
    run(str(tmp_path), postgres, StoreSettings())
    (tmp_path / "b.csv").write_text(HEADER + f"2014-01-01T12:00Z;{SENSORS[0]};1\n2014-01-02T12:00Z;{SENSORS[0]};1\n")
    (tmp_path / "c.csv").write_text(HEADER + "x\ny\n" + f"2014-01-03T12:00Z;{SENSORS[0]};1\n")
    (tmp_path / "d.csv").write_text(HEADER + "x\n" + f"2014-01-04T12:00Z;{SENSORS[0]};1\n")
    (tmp_path / "e.csv").write_text("no;header\n")
    summary = run(
        str(tmp_path), postgres, StoreSettings(), on_duplicate=OnDuplicate.FAIL, max_rejects=RejectLimit(rows=1)
    )
    assert (summary.files, summary.unchanged) == (1, 1)
    failed = {Path(failed.uri).name: type(failed.error) for failed in summary.failed}
    assert failed["b.csv"] is DuplicateError
    assert failed["c.csv"] is RejectLimitError
    assert set(failed) == {"b.csv", "c.csv", "e.csv"}
    assert sorted(moment.day for _, moment in table(postgres)) == [1, 4]


def test_fail_looks_at_the_file_itself_as_well(postgres: Database, tmp_path: Path) -> None:
    twice = f"2014-01-01T12:00Z;{SENSORS[0]};1\n2014-01-01T12:00Z;{SENSORS[0]};2\n"
    (tmp_path / "a.csv").write_text(HEADER + twice)
    (failed,) = run(str(tmp_path), postgres, StoreSettings(), on_duplicate=OnDuplicate.FAIL).failed
    assert isinstance(failed.error, DuplicateError)
    assert table(postgres) == {}


def test_a_stopped_run_goes_on_inside_a_file_with_other_settings(database: Database, store: S3Server) -> None:
    contents = write_files(store, "stopped", 2, 6000, seed=2)
    runs = 0
    loaded = 0
    while True:
        with stopped_after(2) as (stop, listener):
            summary = run(
                "s3://stopped/t/",
                database,
                store_settings(store),
                workers=1 + runs % 3,
                batch_rows=(500, 1100, 300)[runs % 3],
                stop=stop,
                listener=listener,
            )
        loaded += summary.balance.loaded
        runs += 1
        assert runs < 60
        if not summary.interrupted:
            break
    assert runs > 3
    assert table(database) == obvious(contents)


def test_two_ingests_at_once_share_the_work_and_double_nothing(database: Database, store: S3Server) -> None:
    contents = write_files(store, "shared", 5, 3000, seed=3)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(run, "s3://shared/t/", database, store_settings(store)) for _ in range(2)]
        summaries = [future.result() for future in both]
    assert table(database) == obvious(contents)
    assert sum(summary.files for summary in summaries) == 5
    assert sum(summary.balance.rows_read for summary in summaries) == 15_000


def test_a_killed_backend_is_retried_and_a_lost_answer_to_commit_is_no_second_load(
    database: Database, store: S3Server
) -> None:
    contents = write_files(store, "killed", 4, 5000, seed=4)
    with database.connect() as conn:
        ensure_schema(conn)
    over = threading.Event()

    def kill() -> int:
        killed = 0
        with database.connect() as conn:
            while not over.wait(0.15) and killed < 6:  # fewer than a run has patience for
                rows = conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'iotctl ingest' AND datname = current_database() LIMIT 1"
                ).fetchall()
                killed += len(rows)
        return killed

    with ThreadPoolExecutor(1) as killer:
        killing = killer.submit(kill)
        try:
            summary = run("s3://killed/t/", database, store_settings(store), batch_rows=200)
        finally:
            over.set()
    assert killing.result() > 1
    assert summary.files == 4
    assert table(database) == obvious(contents)


def test_a_network_that_breaks_costs_nothing_but_time(postgres: Database, store: S3Server) -> None:
    contents = write_files(store, "broken", 3, 20_000, seed=5)
    with FaultyProxy(store.port).running() as proxy:
        proxy.plan(Fault.CUT, after_bytes=300_000, times=4)
        run("s3://broken/t/", postgres, store_settings(store, proxy.endpoint_url))
        assert proxy.struck == 4
    assert table(postgres) == obvious(contents)


def test_a_database_without_rights_ends_the_run_with_the_reason(postgres: Database, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + f"2014-01-01;{SENSORS[0]};1\n")
    run(str(tmp_path), postgres, StoreSettings())
    with postgres.connect() as conn:
        conn.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC")
        conn.execute("DROP ROLE IF EXISTS reader")
        conn.execute("CREATE ROLE reader LOGIN")
        conn.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    (tmp_path / "b.csv").write_text(HEADER + f"2014-01-02;{SENSORS[0]};1\n")
    with pytest.raises(IotctlError, match="does not permit") as caught:
        run(str(tmp_path), Database(make_conninfo(postgres.dsn, user="reader")), StoreSettings())
    assert caught.value.exit_code == 6
    with postgres.connect() as conn:
        conn.execute("DROP OWNED BY reader")
        conn.execute("DROP ROLE reader")
