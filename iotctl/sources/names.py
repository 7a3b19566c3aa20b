"""Names that are never those of data: hidden ones, and what other programs leave beside their files."""

from __future__ import annotations

_MARKER_NAMES = {"thumbs.db", "desktop.ini", "icon\r", "lost+found", "system volume information", "$recycle.bin"}
# Checksums; and files that are still being written, or were given up.
_MARKER_SUFFIXES = (
    *(".crc", ".md5", ".sha1", ".sha256", ".sha512", "_$folder$"),
    *(".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".swp", "~"),
)
_MARKER_BEGINS = ("~$", "@eadir")


def is_hidden(path: str) -> bool:
    """Whether a path below a prefix or folder, parts divided by /, is one that nobody means when naming the folder.

    A part that begins with . or _ hides all below it, as Hadoop and Spark have it: _temporary/, _SUCCESS,
    .ipynb_checkpoints/; but not _year=2016/, which is a partition.
    """
    return any(_hides(part) for part in path.split("/"))


def _hides(part: str) -> bool:
    if part.startswith((".", "_")) and not (part.startswith("_") and "=" in part):
        return True
    name = part.lower()
    return name in _MARKER_NAMES or name.endswith(_MARKER_SUFFIXES) or name.startswith(_MARKER_BEGINS)
