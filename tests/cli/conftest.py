"""The installed command as a process, on a database and a store of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from iotctl.repositories import Database
from tests.store import S3Server

COMMAND = Path(sys.executable).parent / "iotctl"

Ended = subprocess.CompletedProcess[str]
Iotctl = Callable[..., Ended]


@pytest.fixture
def environment(postgres: Database, store: S3Server, tmp_path: Path) -> dict[str, str]:
    """The settings, and nothing of the machine's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IOTCTL_", "AWS_", "PG", "TZ"))}
    # A zone far from the data's: where it leaks into a result, a test notices.
    return kept | store.environment | {"IOTCTL_DATABASE_URL": postgres.dsn, "TZ": "Asia/Tokyo", "PGTZ": "Asia/Tokyo"}


@pytest.fixture
def iotctl(environment: dict[str, str], tmp_path: Path) -> Iotctl:
    """Runs iotctl with arguments in an empty folder; keywords are settings."""

    def run(*arguments: str | Path, **settings: str) -> Ended:
        return subprocess.run(
            [COMMAND, *arguments],
            env=environment | settings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run
