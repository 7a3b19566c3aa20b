"""Names of files that are never data: hidden files, and markers of other programs."""

from __future__ import annotations

_MARKER_NAMES = {"thumbs.db", "desktop.ini", "icon\r", "lost+found", "system volume information", "$recycle.bin"}
# Checksums, and unfinished files.
_MARKER_SUFFIXES = (
    *(".crc", ".md5", ".sha1", ".sha256", ".sha512", "_$folder$"),
    *(".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".swp", "~"),
)
_MARKER_BEGINS = ("~$", "@eadir")


def is_hidden(path: str) -> bool:
    """Whether a path below a prefix or folder is hidden. Its parts are divided by /.

    A part that begins with . or _ hides everything below it, as in Hadoop and Spark: _temporary/, _SUCCESS,
    .ipynb_checkpoints/. A partition such as _year=2016/ is not hidden.
    """
    return any(_hides(part) for part in path.split("/"))


def _hides(part: str) -> bool:
    if part.startswith((".", "_")) and not (part.startswith("_") and "=" in part):
        return True
    name = part.lower()
    return name in _MARKER_NAMES or name.endswith(_MARKER_SUFFIXES) or name.startswith(_MARKER_BEGINS)
