"""Forget: remove the readings of files, as if the files had never been loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iotctl.errors import NotFoundError
from iotctl.globs import glob_fits, is_glob
from iotctl.model import OnDuplicate
from iotctl.repositories import Database, Ledger, ensure_schema, open_storage
from iotctl.services.ingest.write_batches import BatchWriter
from iotctl.sources import lies_below, listed_name


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed. reopened: files that had lost readings to the forgotten ones; the next ingest reads them again.

    busy: files that another ingest is loading; they stay.
    """

    files: int
    readings: int
    reopened: int
    busy: tuple[str, ...]


def files_to_forget(database: Database, names: Sequence[str]) -> list[str]:
    """The URIs of the loaded files for these names: a URI or path, all files below one, or a glob on whole URIs.

    Raises NotFoundError for a name without a loaded file.
    """
    with database.connect() as conn:
        ensure_schema(conn)
        uris = Ledger(conn).uris()
    chosen: dict[str, None] = {}
    for name in names:
        found = [uri for uri in uris if _means(name, uri)]
        if not found:
            raise NotFoundError(
                f"No loaded file has the name {name}.",
                hint="Write it as for iotctl ingest, or use a glob: '*2016*'",
            )
        chosen |= dict.fromkeys(found)
    return list(chosen)


def forget(database: Database, uris: Sequence[str]) -> Forgotten:
    """Remove the readings, rejects, conflicts and ledger entries of files; each file in its own transaction."""
    files = readings = reopened = 0
    busy = []
    with database.connect(application="iotctl forget") as conn:
        storage = open_storage(conn)
        ledger = Ledger(conn)
        writer = BatchWriter(conn, ledger, storage, OnDuplicate.SKIP)
        for entry in ledger.named(uris):
            if not ledger.try_lock([entry.file_id]):
                busy.append(entry.file.uri)
                continue
            try:
                removed, others = writer.forget(entry)
            finally:
                ledger.unlock([entry.file_id])
            files, readings, reopened = files + 1, readings + removed, reopened + others
    return Forgotten(files, readings, reopened, tuple(busy))


def _means(name: str, uri: str) -> bool:
    if lies_below(name, uri) or uri == listed_name(name):
        return True
    return is_glob(name) and glob_fits(name if name.startswith("*") else listed_name(name), uri)
