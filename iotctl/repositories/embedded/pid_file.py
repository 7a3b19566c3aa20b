"""postmaster.pid: the file in a data folder in which PostgreSQL says what it does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil


@dataclass(frozen=True, slots=True)
class PidFile:
    """The file of a data folder; there need be none (yet), and it may be that of a server that was killed."""

    data: Path

    def postmaster(self) -> psutil.Process | None:
        """The server's first process, if it runs.

        The number in its file is not enough: another process may have it now.
        """
        import psutil

        try:
            process = psutil.Process(int(self._line(0)))
            return process if Path(process.cwd()).samefile(self.data) else None
        except (OSError, ValueError, psutil.Error):
            return None

    def is_ready(self) -> bool:
        """Whether the server reports that it accepts connections. Connecting earlier would fill its log."""
        return self._line(7).strip() == "ready"

    def socket_folder(self) -> Path | None:
        """The folder of the socket of this server, or of the one before, if only its user can write there."""
        try:
            folder = Path(self._line(4))
            found = folder.lstat()
            mine = found.st_uid == self.data.stat().st_uid and found.st_mode & 0o40077 == 0o40000
        except (OSError, ValueError):
            return None
        return folder if mine and folder.is_absolute() else None

    def remove(self) -> None:
        """Take away what a server that was killed left."""
        self._path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return self.data / "postmaster.pid"

    def _line(self, number: int) -> str:
        """A line of the file, from 0; empty where there is none."""
        try:
            return self._path.read_text(errors="surrogateescape").split("\n")[number]
        except (OSError, IndexError):
            return ""
