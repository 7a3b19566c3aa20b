"""A dry run: read what an ingest would load, and write nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from iotctl.errors import IotctlError, UnfinishedFileError
from iotctl.formats import read_batches
from iotctl.model import StoredFile
from iotctl.repositories import Balance, Database, Ledger, ensure_schema
from iotctl.services.ingest import FILES_AT_ONCE, data_files
from iotctl.services.load_task import LoadOptions
from iotctl.services.progress import IngestListener
from iotctl.services.selection import Selection, pages
from iotctl.services.tally import IngestSummary, Tally
from iotctl.sources import StoreSettings, source_for


def dry_run(
    uri: str,
    database: Database,
    store: StoreSettings,
    *,
    options: LoadOptions,
    listener: IngestListener,
    selection: Selection | None = None,
) -> IngestSummary:
    """What ingest would do: rows read and rejected as they would be, none loaded."""
    began = time.monotonic()
    run = Tally()
    selection = selection or Selection()
    balance = Balance()
    with database.connect() as conn:
        ensure_schema(conn)
        selected = data_files(uri, selection, store, options.read, run, listener)
        for file in _unloaded(selected, Ledger(conn), run, selection.limit):
            source = source_for(file.uri, store)
            listener.found(1, file.size)
            listener.started(file)
            try:
                for batch in read_batches(file, partial(source.open, file), options.read):
                    for note in batch.notes:
                        listener.noted(f"{file.uri}: {note}", file.uri)
                    balance += Balance(
                        rows_read=batch.rows_read,
                        rejected=batch.rows_rejected,
                        missing=batch.missing,
                        bad_quality=batch.bad_quality,
                        ambiguous=batch.ambiguous,
                        nonexistent=batch.nonexistent,
                    )
                    listener.advanced(file, batch.end.offset / max(file.size, 1), batch.rows_read)
                run.files += 1
            except UnfinishedFileError:
                run.unfinished.add(file.uri)
            except IotctlError as error:
                run.fail(file.uri, file.version, error)
            listener.finished(file)
            if run.error is not None:
                break
    return run.summary(balance, time.monotonic() - began)


def _unloaded(files: Iterator[StoredFile], ledger: Ledger, run: Tally, limit: int | None) -> Iterator[StoredFile]:
    taken = 0
    for page in pages(files, FILES_AT_ONCE):
        for file, loaded in zip(page, ledger.loaded(page), strict=True):
            if loaded:
                run.unchanged += 1
                continue
            yield file
            taken += 1
            if taken == limit:
                return
