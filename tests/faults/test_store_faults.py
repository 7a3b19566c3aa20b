"""A store that cuts, resets, stalls and changes its objects while they are read."""

from __future__ import annotations

import random
import threading
from dataclasses import replace

from iotctl.errors import ChangedFileError, UnreachableError
from iotctl.model import StoredFile
from iotctl.repositories import Database
from iotctl.services.ingest.progress import Silent
from tests.faulty_proxy import Fault, FaultyProxy
from tests.obvious import obvious, table, write_files
from tests.services.test_ingest import run, store_settings
from tests.store import S3Server


def test_a_network_that_breaks_all_the_time_gives_the_same_table(database: Database, store: S3Server) -> None:
    contents = write_files(store, "breaking", 6, 60_000, seed=21)
    chance, over = random.Random(6), threading.Event()
    struck = 0

    def break_often(proxy: FaultyProxy) -> None:
        nonlocal struck
        while not over.wait(0.05):
            if proxy.struck >= proxy.times:
                struck += proxy.struck
                # A stall takes the client's whole timeout of 2 s, so there are few.
                fault = chance.choice([Fault.CUT, Fault.RESET] * 5 + [Fault.STALL])
                proxy.plan(fault, after_bytes=chance.randrange(3_000_000))

    with FaultyProxy(store.port).running() as proxy:
        breaking = threading.Thread(target=break_often, args=(proxy,))
        breaking.start()
        try:
            summary = run("s3://breaking/t/", database, store_settings(store, proxy.endpoint_url), batch_rows=20_000)
        finally:
            over.set()
            breaking.join()
    assert struck >= 5
    # By chance one file may fail too often in a row; then this is reported, and the next run goes on with it.
    if summary.failed:
        assert run("s3://breaking/t/", database, store_settings(store)).files == len(summary.failed)
    assert table(database) == obvious(contents)


def test_an_object_replaced_under_the_read_is_rolled_back_reported_and_loaded_anew(
    database: Database, store: S3Server
) -> None:
    (old,) = write_files(store, "replaced", 1, 300_000, seed=22)
    lines = old.splitlines(keepends=True)
    new = "".join(lines[:150_000] + [line.replace(";0.", ";7.") for line in lines[150_000:]])

    class Replacing(Silent):
        def advanced(self, file: StoredFile, done: float, rows: int) -> None:
            if store.root.joinpath("replaced/t/000.csv").read_text() == old:
                store.put("replaced", "t/000.csv", new.encode())

    with FaultyProxy(store.port).running() as proxy:
        # Broken off where the two versions have the same rows before, and others behind.
        proxy.plan(Fault.CUT, after_bytes=11_000_000)
        summary = run(
            "s3://replaced/t/",
            database,
            store_settings(store, proxy.endpoint_url),
            batch_rows=10_000,
            listener=Replacing(),
        )
        assert proxy.struck == 1
    (failed,) = summary.failed
    assert isinstance(failed.error, ChangedFileError)
    assert 0 < len(table(database)) < 150_000
    again = run("s3://replaced/t/", database, store_settings(store), batch_rows=10_000)
    assert (again.files, again.balance.rows_read) == (1, 300_000)
    # What was committed of the old version is in the new one as well.
    assert table(database) == obvious([new])


def test_an_object_that_the_store_does_not_give_is_reported_and_the_others_are_loaded(
    postgres: Database, store: S3Server
) -> None:
    contents = write_files(store, "stubborn", 4, 3000, seed=23)
    with FaultyProxy(store.port).running() as proxy:
        settings = replace(store_settings(store, proxy.endpoint_url), wait_seconds=(0.0, 0.1))
        proxy.plan(Fault.RESET, after_bytes=0, times=1000, only=b"/t/001.csv")
        summary = run("s3://stubborn/t/", postgres, settings)
    (failed,) = summary.failed
    assert failed.uri == "s3://stubborn/t/001.csv"
    assert isinstance(failed.error, UnreachableError)
    assert table(postgres) == obvious(contents[:1] + contents[2:])
    run("s3://stubborn/t/", postgres, store_settings(store))
    assert table(postgres) == obvious(contents)


def test_a_store_that_dies_in_mid_run_ends_it_with_the_reason_and_the_next_run_goes_on(
    postgres: Database, store: S3Server
) -> None:
    contents = write_files(store, "dying", 8, 3000, seed=24)
    with FaultyProxy(store.port).running() as proxy:
        settings = replace(store_settings(store, proxy.endpoint_url), wait_seconds=(0.0, 0.1))

        class Dying(Silent):
            def advanced(self, file: StoredFile, done: float, rows: int) -> None:
                proxy.plan(Fault.RESET, after_bytes=0, times=1000)

        summary = run("s3://dying/t/", postgres, settings, workers=1, listener=Dying())
    assert isinstance(summary.error, UnreachableError)
    assert len(summary.failed) == 3  # and not all of them, each with its own patience
    assert 0 < len(table(postgres)) < len(obvious(contents))
    run("s3://dying/t/", postgres, store_settings(store))
    assert table(postgres) == obvious(contents)
