"""The seam between ingest and the places where files lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from iotctl.model import StoredFile


class Source(Protocol):
    """A place with files: a store or the local disk."""

    def list(self, uri: str) -> Iterator[StoredFile]:
        """Every file under a prefix or folder, recursively, or the one file; in order of key, fetched as asked for.

        Hidden files (names.py) are left out, but for one that uri itself names.
        Raises NothingThereError where no file lies there, NotFoundError without bucket or folder, ForbiddenError,
        UnreachableError.
        """

    def join(self, uri: str, name: str) -> str:
        """The URI of what a prefix or folder calls name."""

    def below(self, uri: str, file: StoredFile) -> str:
        """What a prefix or folder calls a file: its path below uri, parts divided by /."""

    def names(self, uri: str, file: StoredFile) -> bool:
        """Whether uri is the file itself, and not a prefix or folder of it."""

    def stat(self, uri: str) -> StoredFile:
        """The one file at uri. Raises NotFoundError, ForbiddenError, UnreachableError."""

    def open(self, file: StoredFile, offset: int = 0) -> BinaryIO:
        """The bytes of just this version of a file, from offset on.

        What it returns raises ChangedFileError where the file changed or vanished, UnreachableError where it does
        not come back after some tries.
        """


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """How to reach an S3 store; without keys the standard AWS chain finds them (boto3, "Credentials").

    endpoint_url: None for AWS itself. ca_file: the authorities to trust, those of the machine where None.
    wait_seconds: before the second, third, ... try of a broken read.
    """

    endpoint_url: str | None = field(default=None, repr=False)
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    region: str | None = None
    ca_file: str | None = None
    verify_tls: bool = True
    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    wait_seconds: tuple[float, ...] = (0.2, 1.0, 3.0, 10.0)
