"""The balance of rows: each row is exactly one of loaded, duplicate, conflict, rejected, missing or bad quality."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from iotctl.cli.ingest.summary import as_json, exit_code, report
from iotctl.model import FileBatch, OnDuplicate, Reject, RejectReason, StoredFile
from iotctl.repositories import (
    Balance,
    Connection,
    Database,
    Ledger,
    LedgerFile,
    RunRepository,
    ensure_schema,
    list_rejects,
    open_storage,
    reject_counts,
    rejects_name_fields,
    storage_of,
)
from iotctl.services.ingest.tally import IngestSummary
from iotctl.services.ingest.write_batches import BatchWriter, ReadBatch
from tests.history import file_batch

A = bytes(range(16))
OF_LINE_3 = (
    Reject(3, RejectReason.VALUE, "a;x;y", "temperature"),
    Reject(3, RejectReason.VALUE, "a;x;y", "humidity"),
    Reject(3, RejectReason.QUALITY, "a;1;bad", "pressure"),
)


def batch(start: int = 0, rejects: tuple[Reject, ...] = OF_LINE_3) -> FileBatch:
    """Ten rows: three readings of two times, two rejects, four without a value, one that is called bad."""
    readings = file_batch([(0, start, 1.0), (0, start + 1, 2.0), (0, start, 3.0)], [A], start, start + 9)
    rejected = {RejectReason.VALUE: 2}
    return replace(readings, rejects=rejects, rejected=rejected, rows_read=10, missing=4, bad_quality=1)


def listed(name: str) -> StoredFile:
    return StoredFile(f"/in/{name}", 100, "v", datetime(2020, 1, 1, tzinfo=UTC))


def load(conn: Connection, batches: list[FileBatch], run_id: str | None = None) -> tuple[Ledger, LedgerFile]:
    ensure_schema(conn)
    ledger = Ledger(conn, run_id)
    (entry,) = ledger.register([listed("a.csv")], {})
    writer = BatchWriter(conn, ledger, storage_of(conn), OnDuplicate.SKIP)
    for one in batches:
        writer.write([ReadBatch(entry, one)])
    return ledger, entry


def test_every_row_of_a_file_has_one_ending(conn: Connection) -> None:
    ensure_schema(conn)
    RunRepository(conn).begin("r", "me", "iotctl ingest")
    ledger, entry = load(conn, [batch(), batch(100)], "r")
    balance = ledger.balance([entry.file_id])
    assert balance == Balance(rows_read=20, loaded=4, conflicts=2, rejected=4, missing=8, bad_quality=2)
    assert balance.holds
    # Of a run that has no end its batches tell.
    assert RunRepository(conn).latest(1)[0].counts.balance == balance
    assert not replace(balance, missing=7).holds


def test_a_new_version_has_a_balance_of_its_own(conn: Connection) -> None:
    ledger, entry = load(conn, [batch(), batch(100)])
    ledger.finish([entry], {})
    (again,) = ledger.register([replace(listed("a.csv"), version="w")], {})
    writer = BatchWriter(conn, ledger, open_storage(conn), OnDuplicate.SKIP)
    writer.renew(again, [batch(), batch(200)], {})
    assert ledger.balance([entry.file_id]) == Balance(20, 4, 0, 2, 4, 8, 2)


def test_a_line_may_have_several_rejects_and_each_names_its_field(conn: Connection) -> None:
    load(conn, [batch(), batch(100, rejects=(Reject(90, RejectReason.VALUE, "z"),))])
    assert [kept.reject for kept in list_rejects(conn)] == [*OF_LINE_3, Reject(90, RejectReason.VALUE, "z")]
    assert [kept.reject.field for kept in list_rejects(conn, reason=RejectReason.QUALITY)] == ["pressure"]
    assert {(found.reason, found.rows, found.kept) for found in reject_counts(conn)} == {
        (RejectReason.VALUE, 4, 3),
        (RejectReason.QUALITY, 2, 1),
    }
    assert rejects_name_fields(conn)
    assert not rejects_name_fields(conn, "b.csv")
    assert not rejects_name_fields(conn, reason=RejectReason.TIME)


@pytest.mark.parametrize(
    ("found", "again"),
    [
        (Balance(rows_read=3, missing=3), True),
        (Balance(rows_read=3, rejected=1, missing=1, bad_quality=1), True),
        (Balance(rows_read=3, duplicates=1, missing=2), False),
        (Balance(rows_read=3, loaded=3), False),
        (Balance(), False),
    ],
)
def test_a_file_that_gave_no_reading_is_tried_with_other_options(
    postgres: Database, found: Balance, again: bool
) -> None:
    with postgres.connect() as conn:
        ledger, entry = load(conn, [])
        conn.execute(
            "INSERT INTO ingest_batch (file_id, generation, start_offset, end_offset, end_line, forms, rows_read,"
            " rows_loaded, duplicates, conflicts, rejected, missing, bad_quality, reasons, ambiguous, nonexistent,"
            " sensors) VALUES (%s, 1, 0, 9, 9, '{}', %s, %s, %s, 0, %s, %s, %s, '{}', 0, 0, '{}')",
            (
                *(entry.file_id, found.rows_read, found.loaded, found.duplicates),
                *(found.rejected, found.missing, found.bad_quality),
            ),
        )
        ledger.finish([entry], {})
        (entry,) = ledger.register([listed("a.csv")], {"layout": "another"})
    assert (entry.state.value == "pending") is again


@pytest.mark.parametrize(
    ("found", "code", "says"),
    [
        (Balance(10, loaded=8, bad_quality=2), 0, ["+ 0 rejected + 2 bad quality,", "rejects --reason quality"]),
        (Balance(10, loaded=8, missing=2), 0, ["+ 0 rejected + 2 missing,"]),
        (Balance(10, loaded=7, rejected=1, missing=2), 3, ["+ 1 rejected + 2 missing,"]),
        (Balance(10, loaded=10), 0, ["10 loaded + 0 duplicates + 0 conflicts + 0 rejected, in"]),
        (
            Balance(10, missing=6, rejected=1, bad_quality=3),
            1,
            ["none of 10 rows gave a reading: 1 rejected, 6 without"],
        ),
        (Balance(10, rejected=10), 1, ["all 10 rows were rejected."]),
    ],
)
def test_what_a_run_says_and_ends_with(
    found: Balance, code: int, says: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    summary = IngestSummary(1, 0, 0, (), found, 1.0)
    report(summary, dry_run=False, settle_seconds=60)
    said = capsys.readouterr().err
    assert exit_code(summary) == code
    assert all(part in said for part in says), said
    told = json.loads(as_json(summary))
    endings = ("rows_loaded", "duplicates", "conflicts", "rejected", "missing", "bad_quality")
    assert told["rows_read"] == sum(told[name] for name in endings)
