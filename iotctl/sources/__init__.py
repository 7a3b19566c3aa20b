"""Where files lie: S3 stores and local folders, behind one small protocol."""

from iotctl.errors import UsageError
from iotctl.secrets import passwordless
from iotctl.sources.local import LocalSource
from iotctl.sources.source import Source, StoreSettings
from iotctl.sources.spool import spooled

__all__ = ["Source", "StoreSettings", "lies_below", "listed_name", "source_for", "spooled"]

_DOWNLOAD = "Download the file first. An object in a store is s3://BUCKET/KEY; IOTCTL_S3_ENDPOINT_URL names the store."
_HINTS = {"http": _DOWNLOAD, "https": _DOWNLOAD, "s3": "Write s3:// in small letters."}


def listed_name(uri: str) -> str:
    """The name in listings of the file or folder at a URI: s3:// as it is, a path absolute."""
    return uri if uri.startswith("s3://") else str(LocalSource().folder(uri))


def lies_below(uri: str, file_uri: str) -> bool:
    """Whether a listed file is at a URI, or below it."""
    start = listed_name(uri)
    if uri.startswith("s3://"):
        return file_uri.startswith(start)
    return file_uri == start or file_uri.startswith(start.rstrip("/") + "/")


def source_for(uri: str, store: StoreSettings) -> Source:
    """The source for a URI: s3://bucket/key, file:///path or a path. Raises UsageError for other schemes."""
    scheme, found, _ = uri.partition("://")
    if not found or scheme == "file":
        return LocalSource()
    if scheme == "s3":
        from iotctl.sources.s3 import S3Source  # importing boto3 takes 0.3 s

        return S3Source(store)
    hint = _HINTS.get(scheme.lower(), "Use s3://BUCKET/KEY or a path.")
    raise UsageError(f"Files cannot be read from {scheme}://.", where=passwordless(uri), hint=hint)
