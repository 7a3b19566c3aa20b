"""Retention drops parts that are completely too old; a load of old readings at the same time is exact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from iotctl.model import OnDuplicate, StorageLayout
from iotctl.repositories import (
    Connection,
    Database,
    ReadingStorage,
    Written,
    ensure_schema,
    open_storage,
    policies,
    sort_readings,
    storage_of,
)
from iotctl.services.policy import OFF, PolicyChange, apply_policies, read_policies, set_policies

DAY = 86_400_000_000
KEEP = timedelta(days=100)


def now() -> int:
    return int(datetime.now(UTC).timestamp() * 1e6)


def load(loader: ReadingStorage, days_ago: range) -> Written:
    time = np.sort(now() - DAY * np.array(days_ago, dtype=np.int64))
    batch = sort_readings(np.ones(len(time), dtype=np.int32), time, np.ones(len(time)))
    with loader.batch(batch):
        return loader.write(batch, 1, OnDuplicate.SKIP)


def ages(conn: Connection) -> list[float]:
    rows = conn.execute("SELECT extract(epoch FROM now() - timestamp) / 86400 FROM reading ORDER BY timestamp DESC")
    return [float(str(row[0])) for row in rows]


def test_only_what_is_wholly_too_old_is_dropped(conn: Connection, layout: StorageLayout) -> None:
    load(storage_of(conn), range(400))
    storage_of(conn).set_retention(KEEP)
    doomed = storage_of(conn).expired(KEEP)
    gone = storage_of(conn).drop_expired()
    assert (gone.parts, gone.readings, gone.until) == (doomed.parts, doomed.readings, doomed.until)
    left = ages(conn)
    assert len(left) == 400 - gone.readings
    assert 100 <= len(left) <= 100 + 32  # a month or chunk that the limit cuts stays whole
    assert max(left) < 133
    assert storage_of(conn).drop_expired().parts == 0
    assert policies(conn, storage_of(conn)).retain == KEEP


def test_without_a_retention_nothing_is_dropped(conn: Connection, layout: StorageLayout) -> None:
    load(storage_of(conn), range(0, 400, 10))
    assert storage_of(conn).drop_expired().parts == 0
    assert len(ages(conn)) == 40


def test_policies_are_set_once_and_taken_away(database: Database) -> None:
    change = PolicyChange(retain=KEEP, aggregates=True)
    first, _ = set_policies(database, change)
    assert (first.retain, len(first.aggregates)) == (KEEP, 2)

    def refuse(_: object) -> bool:
        raise AssertionError("asked, though nothing changes")

    again, gone = set_policies(database, change, refuse)
    assert (again.retain, gone.parts) == (KEEP, 0)
    none, _ = set_policies(database, PolicyChange(retain=OFF, aggregates=False))
    assert (none.retain, none.aggregates) == (None, ())


def test_nothing_changes_where_the_answer_is_no(database: Database) -> None:
    with database.connect() as conn:
        load(open_storage(conn), range(400))
    set_policies(database, PolicyChange(retain=KEEP, aggregates=True), lambda _: False)
    found = read_policies(database)
    assert (found.retain, found.aggregates) == (None, ())
    with database.connect() as conn:
        assert len(ages(conn)) == 400


def test_the_compression_policy_that_is_there_is_shown_and_changed(timescale: Database) -> None:
    assert read_policies(timescale).compress_after is not None
    found, _ = set_policies(timescale, PolicyChange(compress_after=timedelta(days=3)))
    assert found.compress_after == timedelta(days=3)
    assert set_policies(timescale, PolicyChange(compress_after=OFF))[0].compress_after is None


def test_a_loader_that_knew_a_dropped_partition_makes_it_anew(database: Database) -> None:
    """Old readings are loaded and counted, also where what they belong into was dropped since, and go again."""
    from iotctl.repositories import LostRaceError

    with database.connect() as conn:
        ensure_schema(conn)
        loader = storage_of(conn)
        assert load(loader, range(300, 310)).loaded == 10
        set_policies(database, PolicyChange(retain=KEEP))
        assert ages(conn) == []
        try:
            written = load(loader, range(320, 330, 2))
        except LostRaceError:
            written = load(loader, range(320, 330, 2))  # as load_files does
        assert (written.loaded, len(written.lost)) == (5, 0)
        assert len(ages(conn)) == 5
        assert apply_policies(database)[1].readings == 5


def test_a_load_in_flight_holds_up_the_drop_and_is_not_lost(database: Database) -> None:
    with database.connect() as conn, database.connect() as other:
        ensure_schema(conn)
        loader = storage_of(conn)
        load(loader, range(300, 310))
        storage_of(conn).set_retention(KEEP)
        time = np.sort(now() - DAY * np.arange(300, 310) - 7)
        batch = sort_readings(np.full(10, 2, dtype=np.int32), time, np.ones(10))
        with loader.batch(batch):
            assert loader.write(batch, 1, OnDuplicate.SKIP).loaded == 10
            gone = storage_of(other).drop_expired()
        # Chunks are locked as a whole; of segments those go that are committed.
        in_chunks = loader.layout is StorageLayout.COLUMNSTORE
        assert (gone.readings, gone.busy) == ((0, True) if in_chunks else (10, False))
        assert len(ages(conn)) == (20 if in_chunks else 10)
        gone = storage_of(other).drop_expired()
        assert (gone.readings, gone.busy) == (20 if in_chunks else 10, False)
