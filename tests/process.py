"""The installed command as a process: its path, and its settings."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from iotctl.repositories import Database
from tests.fork_server import COMMAND, ForkServer, is_forkable
from tests.store import S3Server

__all__ = ["COMMAND", "environment", "run"]

# A zone far from that of the data, so that a test notices if it changes a result.
ZONES = {"TZ": "Asia/Tokyo", "PGTZ": "Asia/Tokyo"}


def environment(database: Database, store: S3Server) -> dict[str, str]:
    """The settings of iotctl for a database and a store, without the machine's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IOTCTL_", "AWS_", "PG", "TZ"))}
    return kept | store.environment | {"IOTCTL_DATABASE_URL": database.dsn} | ZONES


def run(
    server: ForkServer, arguments: Sequence[str | Path], env: dict[str, str], cwd: Path, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run iotctl to its end as a process, forked where that is the same as a start."""
    if is_forkable(env):
        return server.run(arguments, env, cwd, timeout)
    command = [COMMAND, *arguments]
    return subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, check=False, timeout=timeout)
