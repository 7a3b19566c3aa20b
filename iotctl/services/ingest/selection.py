"""The files of an ingest: all under a URI or in a manifest that are new enough and match."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TypeVar
from unicodedata import normalize

from iotctl.errors import FileError, ForbiddenError, IotctlError, NotFoundError, UnreachableError, UsageError
from iotctl.globs import glob_fits
from iotctl.model import StoredFile
from iotctl.sources import StoreSettings, source_for

T = TypeVar("T")

# A request for an object's version costs 2 ms of one core (measured); a store far away adds ten times that as a wait.
_ASKED_AT_ONCE = 16
_ENTRIES_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection of the files under a URI.

    manifest: URI of a text file with the names of files, used instead of a listing. since: aware; only files modified
    then or later. pattern: a glob on the path below the URI; its * also matches /. limit: the most files that are not
    loaded yet.
    """

    manifest: str | None = None
    since: datetime | None = None
    pattern: str | None = None
    limit: int | None = None


def select(
    uri: str, selection: Selection, store: StoreSettings, missing: Callable[[str, IotctlError], None]
) -> Iterator[StoredFile]:
    """The files of a selection in order of key, or of the manifest; the caller applies limit.

    missing is called for each file of the manifest that cannot be found or read. Raises the errors of Source.list, and
    FileError where the manifest is not text.
    """
    source = source_for(uri, store)
    listed = source.list(uri) if selection.manifest is None else _named(uri, selection.manifest, store, missing)
    for file in listed:
        if selection.since is not None and file.modified < selection.since:
            continue
        if selection.pattern is None or glob_fits(_composed(selection.pattern), _composed(source.below(uri, file))):
            yield file


def _composed(name: str) -> str:
    """The name with each accent joined to its letter: some systems store them apart, which looks the same."""
    return normalize("NFC", name)


def pages(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of so many."""
    items = iter(items)
    while page := list(islice(items, size)):
        yield page


def _named(
    uri: str, manifest: str, store: StoreSettings, missing: Callable[[str, IotctlError], None]
) -> Iterator[StoredFile]:
    source = source_for(uri, store)
    stat = partial(_stat, store, from_store="://" in manifest and not manifest.startswith("file://"))
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as threads:
        for page in pages(_entries(manifest, store), _ENTRIES_AT_ONCE):
            names = [entry if "://" in entry else source.join(uri, entry) for entry in page]
            for name, found in zip(names, threads.map(stat, names), strict=True):
                if isinstance(found, IotctlError):
                    missing(name, found)
                else:
                    yield found


def _entries(manifest: str, store: StoreSettings) -> Iterator[str]:
    """The lines of a manifest, without empty lines and comments."""
    source = source_for(manifest, store)
    # utf-8-sig: some editors put a byte order mark before the first name.
    with io.TextIOWrapper(source.open(source.stat(manifest)), encoding="utf-8-sig") as lines:
        try:
            for line in lines:
                entry = line.strip()
                if entry and not entry.startswith("#"):
                    yield entry
        except UnicodeDecodeError as error:
            raise FileError(
                "The manifest is not UTF-8 text.",
                where=manifest,
                hint="Save it as UTF-8. Each line is a URI or a relative path.",
            ) from error


def _stat(store: StoreSettings, uri: str, *, from_store: bool) -> StoredFile | IotctlError:
    if from_store and not uri.startswith("s3://"):
        # A person who may write into a bucket must not choose files of this machine.
        return FileError("A manifest in a store names a file of this machine.", where=uri, hint="Use a local manifest.")
    try:
        return source_for(uri, store).stat(uri)
    except (FileError, ForbiddenError, NotFoundError, UnreachableError, UsageError) as error:
        return error
