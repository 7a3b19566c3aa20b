"""The embedded server: a real PostgreSQL in the user's data directory, started on demand, shared by commands."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from iotctl.errors import ForbiddenError, IotctlError
from iotctl.repositories.embedded.account import owner_of, server_account
from iotctl.repositories.embedded.data_folder import make_data_folder, server_programs
from iotctl.repositories.embedded.pid_file import PidFile
from iotctl.repositories.embedded.sockets import PORT, answers, choose_socket_folder, connection_string
from iotctl.repositories.postgres.connection import Database

# The time limits for start and stop: a killed server first replays its log; a stopping one writes its memory to disk.
_START_SECONDS = 120
_STOP_SECONDS = 60
_LOOK_SECONDS = 0.01

# Kept, so that Python notices when they end.
_launched: list[subprocess.Popen[bytes]] = []


@contextmanager
def embedded_database(home: Path) -> Iterator[Database]:
    """The embedded server of a data directory, running inside the context; the last user stops it.

    Raises ConfigurationError where the extra is not installed, ForbiddenError if the folder is another user's, and
    IotctlError where the server does not start.
    """
    server = EmbeddedServer(home)
    with server.used() as dsn:
        yield Database(dsn, server.start)


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """The server of a home folder, started by any process; small and picklable.

    Processes coordinate by locks on three files in the folder `locks`. The system releases a lock when its process
    dies, so that nothing depends on process numbers, and a kill leaves no lock: turn: held by a process that starts or
    stops the server. users: shared by all commands that use the server. server: held by the server and all its
    processes.
    """

    home: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.home / "postgresql"

    @property
    def _pid_file(self) -> PidFile:
        return PidFile(self.data)

    @contextmanager
    def used(self) -> Iterator[str]:
        """The server's connection string; the server runs inside the context. Raises IotctlError."""
        with self._explained():
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            users = self._open_lock("users")
        try:
            with self._explained(), self._turn():
                fcntl.flock(users, fcntl.LOCK_SH)
                dsn = self._start()
            try:
                yield dsn
            finally:
                with suppress(OSError), self._turn():  # the folder may have been deleted, and the server with it
                    if _try_lock(users):
                        self._stop()
        finally:
            os.close(users)

    def start(self) -> str:
        """Start the server if it does not run; returns its connection string. Raises IotctlError."""
        with self._explained(), self._turn():
            return self._start()

    def _start(self) -> str:
        process: subprocess.Popen[bytes] | None = None
        deadline = time.monotonic() + _START_SECONDS
        while True:
            socket_folder = self._pid_file.socket_folder()
            if socket_folder is not None and self._pid_file.is_ready() and answers(socket_folder):
                return connection_string(socket_folder)
            if process is None:
                process = self._launch()
            elif process.poll() is not None:
                raise OSError(f"it ended immediately ({process.returncode})")
            if time.monotonic() > deadline:
                raise TimeoutError(f"no answer within {_START_SECONDS} s")
            time.sleep(_LOOK_SECONDS)

    def _launch(self) -> subprocess.Popen[bytes] | None:
        """Start the server's process; None if an earlier server, or one of its processes, still runs."""
        lock = self._open_lock("server")
        try:
            if not _try_lock(lock):
                return None
            if (postmaster := self._pid_file.postmaster()) is not None:
                raise OSError(f"another program runs a server on its data, process {postmaster.pid}; stop that first")
            account = server_account(self.home, self.data)
            if not (self.data / "PG_VERSION").exists():
                make_data_folder(self.data, account, lock)
            socket_folder = choose_socket_folder(self.data, account)
            # Files of a killed server. PostgreSQL refuses to start if the number in them is that of any running
            # process.
            self._pid_file.remove()
            (socket_folder / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
            quoted = str(socket_folder).replace('"', '""')
            log = os.open(self.data / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            try:
                account.give(log)
                command = [str(server_programs(self.data) / "postgres"), "-D", str(self.data)]
                for setting in (
                    "listen_addresses=",
                    f"port={PORT}",
                    f'unix_socket_directories="{quoted}"',
                    "unix_socket_permissions=0700",
                ):
                    command += ["-c", setting]
                process = account.start(command, log, lock)
            finally:
                os.close(log)
            _launched.append(process)
            return process
        finally:
            os.close(lock)

    def _stop(self) -> None:
        postmaster = self._pid_file.postmaster()
        if postmaster is None:
            return
        socket_folder = self._pid_file.socket_folder()
        postmaster.send_signal(signal.SIGINT)  # PostgreSQL's "fast shutdown"
        lock = self._open_lock("server")
        deadline = time.monotonic() + _STOP_SECONDS
        try:
            # A server that takes longer finishes by itself; the start of the next one waits for it.
            while not _try_lock(lock) and time.monotonic() < deadline:
                time.sleep(_LOOK_SECONDS)
        finally:
            os.close(lock)
        _launched[:] = [process for process in _launched if process.poll() is None]
        if socket_folder is not None and socket_folder != self.data:
            with suppress(OSError):
                socket_folder.rmdir()

    def _open_lock(self, name: str) -> int:
        folder = self.home / "locks"
        owner = owner_of(self.home)
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            owner.give(folder)
        lock = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        owner.give(lock)
        return lock

    @contextmanager
    def _turn(self) -> Iterator[None]:
        lock = self._open_lock("turn")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn errors of the start into an error that says what to do next."""
        try:
            yield
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            if isinstance(error, PermissionError) and (owner := _other_owner(self.home)) is not None:
                raise ForbiddenError(
                    f"The embedded database belongs to another user, {owner}.",
                    where=f"IOTCTL_HOME: {self.home}",
                    hint=f"Run iotctl as {owner}, or set IOTCTL_HOME to a folder of your own.",
                ) from error
            if not self.home.is_dir():
                raise IotctlError(
                    f"The folder of the embedded database cannot be made: {_reason(error)}.",
                    where=f"IOTCTL_HOME: {self.home}",
                    hint="Name a folder that can be written: IOTCTL_HOME, or set IOTCTL_DATABASE_URL.",
                ) from error
            raise IotctlError(
                f"The embedded PostgreSQL did not start: {_reason(error)}.",
                where=f"its log: {self.data / 'log'}",
                hint="Check that the folder is writable and its disk not full, or set IOTCTL_HOME to another folder.",
            ) from error


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _other_owner(home: Path) -> str | None:
    """The name of the user who owns a folder, None if there is no folder or it is our own."""
    try:
        return home.owner() if home.stat().st_uid != os.geteuid() else None
    except (OSError, KeyError):
        return None


def _reason(error: Exception) -> str:
    """What happened, and to which file, without the system's number for it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error).rstrip(".")
