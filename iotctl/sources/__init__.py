"""Where files lie: S3 stores and local folders, behind one small protocol."""

from iotctl.errors import UsageError
from iotctl.sources.local import LocalSource
from iotctl.sources.source import Source, StoreSettings

__all__ = ["Source", "StoreSettings", "source_for"]


def source_for(uri: str, store: StoreSettings) -> Source:
    """The source of a URI: s3://bucket/key, file:///path or a path. Raises UsageError for other schemes."""
    scheme, found, _ = uri.partition("://")
    if not found or scheme == "file":
        return LocalSource()
    if scheme == "s3":
        from iotctl.sources.s3 import S3Source  # boto3 costs 0.3 s at import

        return S3Source(store)
    raise UsageError(f"{scheme}:// is not known.", hint="Use s3://bucket/key or a local path.")
