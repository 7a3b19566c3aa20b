"""The installed command as a process, with its own database and store."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from iotctl.repositories import Connection, Database, ensure_schema
from tests import process
from tests.fork_server import ForkServer
from tests.store import S3Server

Ended = subprocess.CompletedProcess[str]
Iotctl = Callable[..., Ended]


@pytest.fixture
def conn(postgres: Database) -> Iterator[Connection]:
    """A connection to the database of the command, which has the schema."""
    with postgres.connect() as conn:
        ensure_schema(conn)
        yield conn


@pytest.fixture
def environment(postgres: Database, store: S3Server) -> dict[str, str]:
    return process.environment(postgres, store)


@pytest.fixture
def iotctl(environment: dict[str, str], fork_server: ForkServer, tmp_path: Path) -> Iotctl:
    """Runs iotctl with arguments in an empty folder; keywords are settings."""

    def run(*arguments: str | Path, **settings: str) -> Ended:
        return process.run(fork_server, arguments, environment | settings, tmp_path)

    return run
