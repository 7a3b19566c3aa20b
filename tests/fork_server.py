"""Fast processes of the command: a server that has imported the program once forks a process for each command.

Like a started process, a forked one has its own arguments, settings, folder, descriptors, signals and exit code. It
takes a tenth of the time, because a command mostly imports. Tests of the start itself start a real process.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import IO, NoReturn

ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).parent / "iotctl"

# Settings that Python, or a C library, reads only at its start.
_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "OPENBLAS_", "OMP_", "ARROW_")
_MOST_BYTES = 1 << 20
_LOOK_SECONDS = 5.0


def is_forkable(environment: Mapping[str, str]) -> bool:
    """Whether a process with these settings is like a fork of this one."""
    names = {name for name in (*environment, *os.environ) if name.startswith(_AT_START)}
    return all(environment.get(name) == os.environ.get(name) for name in names)


class ForkServer:
    """A running server. close() ends it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="fork-")
        self._path = Path(self._folder.name) / "socket"
        self._process = subprocess.Popen([sys.executable, "-m", "tests.fork_server", self._path], cwd=ROOT)
        deadline = time.monotonic() + 60
        while not self._path.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the fork server has not started")
            time.sleep(0.01)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def run(
        self, arguments: Sequence[str | Path], env: Mapping[str, str], cwd: Path, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Like subprocess.run for the command, with empty stdin. Raises subprocess.TimeoutExpired."""
        words = [str(word) for word in arguments]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, Path(os.devnull).open("rb") as nothing:
            code = self.exit_code(words, env, cwd, timeout, [nothing.fileno(), out.fileno(), err.fileno()])
            return subprocess.CompletedProcess(words, code, _text(out), _text(err))

    def exit_code(
        self, words: Sequence[str], env: Mapping[str, str], cwd: Path, timeout: float, descriptors: Sequence[int]
    ) -> int:
        """Run the command on descriptors for stdin, stdout and stderr. Raises subprocess.TimeoutExpired."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(str(self._path))
            request = json.dumps({"arguments": list(words), "env": dict(env), "cwd": str(cwd)}).encode()
            socket.send_fds(connection, [len(request).to_bytes(4, "big")], descriptors)
            connection.sendall(request)
            try:
                return int(connection.recv(16).decode())
            except TimeoutError:
                raise subprocess.TimeoutExpired(list(words), timeout) from None


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


def serve(path: str) -> None:
    """Load the program, and fork for each request as long as the tests run."""
    parent = os.getppid()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the command does, before numpy is loaded
    _load()
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(16)
        listener.settimeout(_LOOK_SECONDS)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while os.getppid() == parent:  # else the tests have been killed
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(None)
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _answer(connection)
            connection.close()


def _load() -> None:
    """Import every module of the program, and what it imports late. None of them may start a thread."""
    import iotctl

    for module in pkgutil.walk_packages(iotctl.__path__, "iotctl."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("altair", "boto3", "pyarrow.parquet", "pyarrow.csv", "rich.progress", "rich.table"):
        importlib.import_module(name)
    threads = {file.read_text().strip() for file in Path("/proc/self/task").glob("*/comm")}
    # pyarrow's allocator has one that knows how to fork.
    if len(threads - {"jemalloc_bg_thd"}) > 1:
        raise RuntimeError(f"what is forked may hang, as threads run: {threads}")


def _answer(connection: socket.socket) -> NoReturn:
    head, descriptors, _, _ = socket.recv_fds(connection, 4, 3)
    size, text = int.from_bytes(head, "big"), b""
    while len(text) < size:
        text += connection.recv(_MOST_BYTES)
    request = json.loads(text)
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(request["arguments"], request["env"], request["cwd"], descriptors)
    _, status = os.waitpid(pid, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(arguments: list[str], environment: dict[str, str], cwd: str, descriptors: list[int]) -> NoReturn:
    """Turn this process into the command."""
    from iotctl.cli.output import log

    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(cwd)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False))
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)))
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), errors="backslashreplace", line_buffering=True
    )
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    log._log = type(log._log)()  # its run gets its own id
    sys.argv = [str(COMMAND), *arguments]
    sys.path[0] = str(COMMAND.parent)
    # Processes that it spawns begin with the script, as those of a command do.
    main_module = ModuleType("__main__")
    main_module.__file__ = str(COMMAND)
    sys.modules["__main__"] = main_module
    _end(_run())


def _run() -> int:
    from iotctl.__main__ import main

    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    except BaseException:  # noqa: BLE001 -- as the interpreter does
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _end(code: int) -> NoReturn:
    """What the interpreter does at its end."""
    import atexit
    import threading

    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
