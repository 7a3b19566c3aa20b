"""The files of a task in pieces: each batch, then the end of its file; read ahead of what writes them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from iotctl.errors import FileError, ForbiddenError, IotctlError, NotFoundError, UnfinishedFileError, UnreachableError
from iotctl.formats import read_batches
from iotctl.model import FileBatch, Position
from iotctl.repositories import LedgerFile
from iotctl.services.ingest.load_task import LoadTask
from iotctl.sources import source_for

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Piece:
    """A batch of a file; or, without one, the file's end, with an error where it could not be read on.

    unfinished: this is the end for now; more of the last line may come.
    """

    entry: LedgerFile
    batch: FileBatch | None = None
    error: IotctlError | None = None
    unfinished: bool = False


def read_pieces(
    files: Sequence[tuple[LedgerFile, Position]],
    task: LoadTask,
    stop: threading.Event,
    kept_rejects: Callable[[int], int],
    failed: Collection[int],
) -> Iterator[Piece]:
    """The pieces of files, each from its position on, until the store gives trouble or stop is set.

    kept_rejects: of a file_id, how many rejects are kept so far. failed: the file_ids that are not to be read on; who
    takes the pieces adds to them.
    """
    for entry, position in files:
        if stop.is_set():
            return
        try:
            source = source_for(entry.file.uri, task.store)
            open_at = partial(source.open, entry.file)
            room = max(0, task.options.read.keep_rejects - kept_rejects(entry.file_id))
            for batch in read_batches(entry.file, open_at, replace(task.options.read, keep_rejects=room), position):
                yield Piece(entry, batch)
                if entry.file_id in failed:
                    break
            else:
                yield Piece(entry)
        except UnfinishedFileError:
            yield Piece(entry, unfinished=True)
        except (FileError, ForbiddenError, NotFoundError, UnreachableError) as error:
            yield Piece(entry, error=error)
            if isinstance(error, UnreachableError):
                return


def ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """The same items, the next being made in a thread while one is used: parsing overlaps COPY."""
    with ThreadPoolExecutor(1) as thread:
        upcoming = thread.submit(next, items, None)
        while (item := upcoming.result()) is not None:
            upcoming = thread.submit(next, items, None)
            yield item
