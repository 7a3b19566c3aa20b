"""A copy of a stream, such as stdin, that can be read more than once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from iotctl.errors import IotctlError
from iotctl.model import StoredFile


@contextmanager
def spooled(stream: BinaryIO, name: str) -> Iterator[tuple[StoredFile, Callable[[int], BinaryIO]]]:
    """A copy of a stream on disk while the context lasts, and a function that opens it at an offset.

    Raises IotctlError if the disk is full.
    """
    with NamedTemporaryFile(prefix="iotctl-") as copy:
        try:
            shutil.copyfileobj(stream, copy)
            copy.flush()
        except OSError as error:
            raise IotctlError(
                f"Cannot copy {name} to disk: {error.strerror}.", where=copy.name, hint="Set TMPDIR to a larger disk."
            ) from error
        path = Path(copy.name)

        def open_at(offset: int) -> BinaryIO:
            file = path.open("rb")
            file.seek(offset)
            return file

        yield StoredFile(name, path.stat().st_size, "", datetime.fromtimestamp(0, UTC)), open_at
