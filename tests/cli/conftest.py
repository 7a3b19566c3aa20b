"""The installed command as a process, with its own database and store."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from iotctl.repositories import Database
from tests import process
from tests.fork_server import ForkServer
from tests.store import S3Server

Ended = subprocess.CompletedProcess[str]
Iotctl = Callable[..., Ended]


@pytest.fixture
def environment(postgres: Database, store: S3Server) -> dict[str, str]:
    return process.environment(postgres, store)


@pytest.fixture
def iotctl(environment: dict[str, str], fork_server: ForkServer, tmp_path: Path) -> Iotctl:
    """Runs iotctl with arguments in an empty folder; keywords are settings."""

    def run(*arguments: str | Path, **settings: str) -> Ended:
        return process.run(fork_server, arguments, environment | settings, tmp_path)

    return run
