"""Files on the local disk."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from iotctl.errors import ChangedFileError, FileError, ForbiddenError, NotFoundError, NothingThereError
from iotctl.model import StoredFile
from iotctl.sources.local_hints import files_in, path_hint, whole_path
from iotctl.sources.names import is_hidden

_BUFFER_BYTES = 1024 * 1024


class LocalSource:
    """Folders and files of this machine; a file's version is its modification time (ns) and size."""

    def list(self, uri: str) -> Iterator[StoredFile]:
        """Every regular file under a folder, in order of path, without hidden ones.

        Links to folders are not followed, so there are no loops.
        """
        path = _path(uri)
        if not _is_folder(path):
            yield self.stat(uri)
            return
        empty = True
        for found in _walk(path):
            if found is None:
                empty = False
                continue
            try:
                file = _stored(found)
            except NotFoundError:  # it was deleted during the listing
                continue
            empty = False
            yield file
        if empty:
            raise NothingThereError(
                f"There are no files under {path}.", where=whole_path(path), hint="Check the path, or put files there."
            )

    def folder(self, uri: str) -> Path:
        """The absolute path of a URI or path; listings use it for the files below."""
        return _absolute(_path(uri))

    def join(self, uri: str, name: str) -> str:
        """The path below the folder; name itself if it is an absolute path."""
        return str(_path(uri) / name)

    def below(self, uri: str, file: StoredFile) -> str:
        """The path below the folder; the file's name if it is elsewhere."""
        path, folder = Path(file.uri), _absolute(_path(uri))
        return path.relative_to(folder).as_posix() if path != folder and path.is_relative_to(folder) else path.name

    def names(self, uri: str, file: StoredFile) -> bool:
        """Whether the path is that of the file."""
        return Path(file.uri) == _absolute(_path(uri))

    def stat(self, uri: str) -> StoredFile:
        """The file at a path."""
        path = _path(uri)
        if _is_folder(path):
            raise NotFoundError(f"{path} is a folder, not a file.", where=whole_path(path), hint=files_in(path))
        return _stored(path)

    def open(self, file: StoredFile, offset: int = 0) -> BinaryIO:
        """The file's bytes from offset on."""
        path = _path(file.uri)
        try:
            raw = _UnchangedFile(path, file, offset)
        except FileNotFoundError:
            raise _changed(file) from None
        except OSError as error:
            raise _os_error(error, path) from error
        return io.BufferedReader(raw, _BUFFER_BYTES)


class _UnchangedFile(io.RawIOBase):
    """A file; raises ChangedFileError if its version changes while it is read."""

    def __init__(self, path: Path, file: StoredFile, offset: int) -> None:
        # Not a subclass of FileIO, because readall of FileIO does not call readinto.
        self._raw = path.open("rb", buffering=0)
        self._file = file
        self._check()
        self._raw.seek(offset)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        count = self._raw.readinto(buffer)
        if count == 0:
            self._check()
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()

    def _check(self) -> None:
        if _version(os.fstat(self._raw.fileno())) != self._file.version:
            raise _changed(self._file)


def _walk(folder: Path) -> Iterator[Path | None]:
    """The regular files under a folder; None for each hidden file or folder, which is skipped."""
    left = [_entries(folder)]  # a list instead of recursion: folders may be nested deeper than Python's stack
    while left:
        entry = next(left[-1], None)
        if entry is None:
            left.pop()
        elif is_hidden(entry.name):
            yield None
        elif entry.is_dir(follow_symlinks=False):
            left.append(_entries(Path(entry.path)))
        elif _is_file(entry):
            yield Path(entry.path)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:
        raise _os_error(error, path) from error


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link to itself
        return False


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name + "/" * entry.is_dir(follow_symlinks=False))
    except OSError as error:
        raise _os_error(error, folder) from error
    return iter(ordered)


def _stored(path: Path) -> StoredFile:
    try:
        found = path.stat()
        absolute = _absolute(path)
    except (OSError, ValueError) as error:
        raise _os_error(error, path) from error
    if not stat.S_ISREG(found.st_mode):
        # Reading could block (a pipe without a writer) or never end (/dev/zero).
        raise FileError(
            "This is a pipe, socket or device, not a file.", where=str(path), hint="Write its data to a file first."
        )
    try:
        modified = datetime.fromtimestamp(found.st_mtime, UTC)
    except (OverflowError, ValueError, OSError):  # a wrong clock, or a damaged disk
        modified = datetime.max.replace(tzinfo=UTC) if found.st_mtime > 0 else datetime.min.replace(tzinfo=UTC)
    return StoredFile(str(absolute), found.st_size, _version(found), modified, datetime.now(UTC))


def _version(found: os.stat_result) -> str:
    return f"{found.st_mtime_ns}-{found.st_size}"


def _path(uri: str) -> Path:
    try:
        return Path(unquote(urlsplit(uri).path) if uri.startswith("file://") else uri).expanduser()
    except (ValueError, RuntimeError) as error:  # a URL with a bracket, or the home of an unknown user
        raise NotFoundError(f"There is no file or folder {uri}.", hint=path_hint(uri)) from error


def _absolute(path: Path) -> Path:
    """The absolute path without `..`, so that the ledger knows a file by one name.

    Links stay as they are: a link such as `latest.csv` may point at another file tomorrow. Only what comes before `..`
    is followed, because `link/..` is the folder above what the link points at.
    """
    parts = path.absolute().parts
    if ".." not in parts:
        return Path(*parts)
    rest = parts[::-1].index("..")
    return Path(os.path.realpath(Path(*parts[: len(parts) - rest])), *parts[len(parts) - rest :])


def _changed(file: StoredFile) -> ChangedFileError:
    return ChangedFileError(
        "The file changed or vanished while it was read.", where=file.uri, hint="Run again to load its new version."
    )


def _os_error(error: OSError | ValueError, path: Path) -> NotFoundError | ForbiddenError | FileError:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return NotFoundError(
                f"There is no file or folder {path}.", where=whole_path(path), hint=path_hint(str(path))
            )
        case PermissionError():
            return ForbiddenError(f"Not permitted to read {path}.", hint="Check the owner and mode of the file.")
        case _:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            return FileError(f"Cannot read the file: {reason}.", where=str(path), hint="Check the path and the disk.")
