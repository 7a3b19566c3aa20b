"""The errors a user sees: each says what happened, where, and what to do next, and carries the exit code."""

from __future__ import annotations

from enum import IntEnum


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
    USAGE = 2, "The words of the command do not fit together."
    PARTLY = (
        3,
        "Done, but not all: rows were rejected, files could not be loaded, sensors could not be analysed, or rows of "
        "--input could not be read.",
    )
    NOT_FOUND = 4, "There is no such sensor, file, bucket or prefix."
    UNREACHABLE = 5, "The database or the store does not answer."
    FORBIDDEN = 6, "The database or the store rejected the credentials, or grants too little."
    CONFIGURATION = 7, "A setting, an extra or the schema is not as the program needs it."
    ANOMALY = (
        10,
        "detect --fail-on-anomaly reported an event, or quality --fail-below found a lower score. It goes before 3.",
    )
    INTERRUPTED = 130, "Interrupted. What is committed stays; the same command goes on from there."


class IotctlError(Exception):
    """Something the user can act on; shown in one to three lines, without a traceback.

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
    """The command's words do not fit together."""

    exit_code = ExitCode.USAGE


class NotFoundError(IotctlError):
    """No such sensor, file, bucket or prefix."""

    exit_code = ExitCode.NOT_FOUND


class NothingThereError(NotFoundError):
    """A prefix or folder without a file in it; later there may be one."""


class UnreachableError(IotctlError):
    """The database or the store does not answer, or stopped answering."""

    exit_code = ExitCode.UNREACHABLE


class ForbiddenError(IotctlError):
    """The database or the store knows us not, or grants too little."""

    exit_code = ExitCode.FORBIDDEN


class ConfigurationError(IotctlError):
    """A setting, an extra or the schema is not as the program needs it."""

    exit_code = ExitCode.CONFIGURATION


class FileError(IotctlError):
    """One input file cannot be read as sensor readings; the others go on."""


class ChangedFileError(FileError):
    """A file changed or vanished while it was read."""


class UnfinishedFileError(FileError):
    """A file's last line has no end and may still be written; every line before it has been read."""


class RejectLimitError(FileError):
    """A file has more bad rows than the caller allows."""


class ConflictError(IotctlError):
    """The mapping contradicts itself or what is stored."""


class DuplicateError(FileError):
    """A reading is there already and the caller asked to fail on that."""
