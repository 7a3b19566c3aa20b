"""iotctl on a terminal of any size: what is written to it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.fork_server import ForkServer
from tests.process import COMMAND


def on_a_terminal(*arguments: str, width: int, height: int = 50, settings: Mapping[str, str], folder: Path) -> str:
    """All that goes to a terminal, of stdout and stderr. settings: of the process. Raises CalledProcessError."""
    with _terminal(width, height) as (descriptor, written):
        command = [str(COMMAND), *arguments]
        environment = _environment(settings)
        ended = subprocess.run(
            command, cwd=folder, env=environment, stdin=descriptor, stdout=descriptor, stderr=descriptor, check=False
        )
    if ended.returncode:
        raise subprocess.CalledProcessError(ended.returncode, command, written())
    return written()


def forked_on_a_terminal(
    server: ForkServer,
    arguments: Sequence[str],
    width: int,
    settings: Mapping[str, str],
    folder: Path,
    *,
    height: int = 50,
) -> tuple[int, str]:
    """The exit code, and what goes to a terminal, of a command that is forked: it costs a tenth."""
    with _terminal(width, height) as (descriptor, written):
        code = server.exit_code(arguments, _environment(settings), folder, 120, [descriptor] * 3)
    return code, written()


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in settings.items() if name not in ("TERM", "COLUMNS", "LINES")}
    return {"TERM": "xterm-256color"} | kept


@contextmanager
def _terminal(width: int, height: int) -> Iterator[tuple[int, Callable[[], str]]]:
    """A terminal while the context lasts: its descriptor, and what gives all that was written to it, afterwards."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    parts: list[bytes] = []

    def read() -> None:
        with suppress(OSError):  # how a terminal says that nobody writes to it any more
            while part := os.read(ours, 65536):
                parts.append(part)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield theirs, lambda: b"".join(parts).decode().replace("\r\n", "\n")
    finally:
        os.close(theirs)
        reader.join()
        os.close(ours)
