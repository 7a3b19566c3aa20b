"""The interface to places with files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from iotctl.model import StoredFile


class Source(Protocol):
    """A place with files: a store or the local disk."""

    def list(self, uri: str) -> Iterator[StoredFile]:
        """Every file under a prefix or folder, recursively, or the one file; in order of key, listed as needed.

        Hidden files (names.py) are left out, except a file that uri itself names.
        Raises NothingThereError if there is no file, NotFoundError without bucket or folder, ForbiddenError,
        UnreachableError.
        """

    def join(self, uri: str, name: str) -> str:
        """The URI of a name below a prefix or folder."""

    def below(self, uri: str, file: StoredFile) -> str:
        """The path of a file below a prefix or folder; its parts are divided by /."""

    def names(self, uri: str, file: StoredFile) -> bool:
        """Whether uri is the file itself, and not a prefix or folder of it."""

    def stat(self, uri: str) -> StoredFile:
        """The one file at uri. Raises NotFoundError, ForbiddenError, UnreachableError."""

    def open(self, file: StoredFile, offset: int = 0) -> BinaryIO:
        """The bytes of exactly this version of a file, from offset on.

        Reading raises ChangedFileError if the file changed or vanished, UnreachableError if retries do not help.
        """


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """How to reach an S3 store. Without keys, the standard AWS chain finds them (boto3, "Credentials").

    endpoint_url: None for AWS. ca_file: the trusted authorities, None for those of the machine.
    wait_seconds: before each retry of a broken read.
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
