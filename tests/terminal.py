"""iotctl on a terminal of any size: what a person sees of it. In a copy of this process, which need not start anew."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import sys
import termios
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from iotctl.cli import app as program


def on_a_terminal(*arguments: str, width: int, height: int = 50, settings: Mapping[str, str], folder: Path) -> str:
    """All that is written to a terminal, of stdout and stderr. settings: of the process."""
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            _run(arguments, width, height, settings, folder)
        finally:
            os._exit(99)
    written = b""
    with suppress(OSError):  # how a terminal says that nobody writes to it any more
        while part := os.read(terminal, 65536):
            written += part
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, written.decode()
    return written.decode().replace("\r\n", "\n")


def _run(arguments: tuple[str, ...], width: int, height: int, settings: Mapping[str, str], folder: Path) -> None:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    os.environ.clear()
    os.environ.update({"TERM": "xterm-256color", **settings})
    for size in ("COLUMNS", "LINES"):
        os.environ.pop(size, None)
    os.chdir(folder)
    sys.stdin, sys.stdout, sys.stderr = (open(number, mode, closefd=False) for number, mode in enumerate("rww"))  # noqa: SIM115 -- they live as long as the process
    sys.argv = ["iotctl", *arguments]
    try:
        program.main()
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 0)
    except BaseException:  # noqa: BLE001 -- whatever it is, this copy has to end
        traceback.print_exc()
