"""iotctl on a terminal of any size: what is written to it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.process import COMMAND


def on_a_terminal(*arguments: str, width: int, height: int = 50, settings: Mapping[str, str], folder: Path) -> str:
    """All that goes to a terminal, of stdout and stderr. settings: of the process. Raises CalledProcessError."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    environment = {"TERM": "xterm-256color"} | {
        name: value for name, value in settings.items() if name not in ("TERM", "COLUMNS", "LINES")
    }
    command = [str(COMMAND), *arguments]
    written = b""
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        with suppress(OSError):  # how a terminal says that nobody writes to it any more
            while part := os.read(ours, 65536):
                written += part
    os.close(ours)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, written.decode())
    return written.decode().replace("\r\n", "\n")
