"""The errors a user sees: each says what happened, where, and what to do next, and carries the exit code."""

from __future__ import annotations

import errno
from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """What the process ends with; meaning: for people, the reference of exit codes is made of it."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> ExitCode:
        """See IntEnum."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = 0, "Done."
    FAILED = 1, "Failed. Also an ingest that found files, but could not read any, or got no reading from any row."
    USAGE = 2, "The arguments of the command are wrong, or do not go together."
    PARTLY = (
        3,
        "Done, but not all: rows were rejected, files were left out or not loaded, sensors could not be analysed, or "
        "rows of --input could not be read.",
    )
    NOT_FOUND = 4, "There is no such sensor, file, bucket or prefix."
    UNREACHABLE = 5, "The database or the store does not answer."
    FORBIDDEN = 6, "The database or the store rejected the credentials, or does not permit what the command needs."
    CONFIGURATION = 7, "A setting is wrong, an extra is missing, or the schema does not fit."
    ANOMALY = (
        10,
        "detect --fail-on-anomaly reported an event, or quality --fail-below found a lower score. It goes before 3.",
    )
    INTERRUPTED = 130, "Interrupted. Committed batches stay; the same command goes on from there."


class IotctlError(Exception):
    """An error that the user can correct; shown in one to three lines, without a traceback.

    message: what happened. where: file, line, setting or server it happened at. hint: what to do next.
    None of the three ever holds a secret.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return "\n  ".join(part for part in (self.message, self.where, self.hint) if part)


class UsageError(IotctlError):
    """The arguments of the command are wrong, or do not go together."""

    exit_code = ExitCode.USAGE


class NotFoundError(IotctlError):
    """No such sensor, file, bucket or prefix."""

    exit_code = ExitCode.NOT_FOUND


class NothingThereError(NotFoundError):
    """A prefix or folder has no files; there may be some later."""


class UnreachableError(IotctlError):
    """The database or the store does not answer, or stopped answering."""

    exit_code = ExitCode.UNREACHABLE


class ForbiddenError(IotctlError):
    """The database or the store rejected the credentials, or does not permit what the command needs."""

    exit_code = ExitCode.FORBIDDEN


class NoKeysError(ForbiddenError):
    """No keys for the store are set."""


class ConfigurationError(IotctlError):
    """A setting is wrong, an extra is missing, or the schema does not fit."""

    exit_code = ExitCode.CONFIGURATION


class FileError(IotctlError):
    """An input file cannot be read as readings; other files are still loaded."""


class ChangedFileError(FileError):
    """A file changed or vanished while it was read."""


class UnfinishedFileError(FileError):
    """The last line of a file has no end and may still be being written; all lines before it have been read."""


class RejectLimitError(FileError):
    """A file has more bad rows than the caller allows."""


class ConflictError(IotctlError):
    """The mapping contradicts itself or the database."""


class DuplicateError(FileError):
    """A reading exists already, and --on-duplicate is fail."""


def cannot_write(path: Path, error: OSError) -> IotctlError:
    """The error of a file that cannot be written, with what to do about it."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            hint = f"Make the folder {path.parent} first, or name a file in another one."
        case errno.EISDIR:
            hint = "Name a file, not a folder."
        case errno.ENOSPC | errno.EDQUOT:
            hint = "Free space, or name a file on another disk."
        case _:
            hint = "Check owner and mode of its folder, or name another file."
    return IotctlError(f"Cannot write {path}: {error.strerror}.", hint=hint)
