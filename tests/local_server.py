"""A test's own PostgreSQL server, from an installation on this machine; it can be crashed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
import psycopg

from iotctl.repositories import Database
from tests.store import free_port

SETTINGS = """
listen_addresses = ''
shared_buffers = 512MB
max_wal_size = 4GB
max_connections = 60
"""

START_SECONDS = 60


class LocalServer:
    """A server with a new data folder, which is deleted with it.

    programs: the installation's bin folder. user: the account of the server if we are root, because PostgreSQL refuses
    root.
    """

    def __init__(self, programs: Path, user: str = "postgres", settings: str = "") -> None:
        self._programs = programs
        self._user = user if os.getuid() == 0 else None
        self._settings = SETTINGS + settings

    def __enter__(self) -> LocalServer:
        # A short path: the socket's name has to fit into 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="iotctl-"))
        if self._user:
            os.chown(self.folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._data, self._port = self.folder / "data", free_port()
        self._start(
            *("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        ).wait()
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(f"{self._settings}port = {self._port}\nunix_socket_directories = '{self.folder}'\n")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._postmaster.send_signal(signal.SIGQUIT)
        self._postmaster.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def database(self) -> Database:
        return Database(f"host={self.folder} port={self._port} user=postgres dbname=postgres")

    def start(self) -> None:
        """Start the server, and wait until it has replayed its log and answers."""
        # Not by pg_ctl: nobody might take note of the end of a process that is not our own, and then a server that
        # was killed counts as running.
        self._postmaster = self._start("postgres", "-D", self._data)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.database.dsn).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._postmaster.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def crash(self) -> None:
        """Kill every process of the server."""
        self._postmaster.send_signal(signal.SIGSTOP)  # so that it starts no new ones
        children = psutil.Process(self._postmaster.pid).children()
        self._postmaster.kill()
        for child in children:
            child.kill()
        self._postmaster.wait()
        psutil.wait_procs(children, timeout=5)

    def _start(self, program: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self._programs / program, *arguments], user=self._user, cwd=self.folder, stdout=log, stderr=log
            )
