"""Errors for typing mistakes say what happened, where, and what to do next; and nothing is changed."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import psycopg
import pytest

from iotctl import secrets
from iotctl.cli.app import main
from iotctl.cli.output import log
from iotctl.repositories import Database
from tests.cli.mistakes import files, places, words
from tests.cli.mistakes.mistake import SECRETS, Mistake, Plant, plant
from tests.cli.mistakes.odd_words import ODD
from tests.conftest import new_database
from tests.fork_server import ForkServer
from tests.store import S3Server

MISTAKES = [
    *(*places.STORES, *places.DATABASES),
    *(*words.COMMANDS, *words.TIMES, *words.VALUES, *words.SENSORS, *words.TOGETHER),
    *(*files.RESULTS, *files.INPUTS, *files.LAYOUTS, *files.SETTINGS, *files.EXTRAS),
]

# What an ingest writes down about itself, whatever becomes of it.
_LEDGER = {"ingest_run", "ingest_file", "ingest_batch", "ingest_claim", "file_layout", "reject"}


@pytest.fixture(scope="module")
def here(
    postgres_server: Database, store: S3Server, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plant]:
    with (
        new_database(postgres_server) as database,
        plant(database, store, fork_server, tmp_path_factory.mktemp("mistakes")) as found,
    ):
        yield found


def test_there_are_many_and_each_has_a_name() -> None:
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) > 100


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_told_with_what_where_and_what_next(here: Plant, mistake: Mistake) -> None:
    def filled(text: str) -> str:
        for name, value in here.places.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    settings = {name: filled(value) for name, value in mistake.settings.items()}
    folder = here.folder / settings.pop("cwd", "")
    before = _state(here)
    arguments = [filled(word) for word in shlex.split(mistake.line)]
    with _without(mistake.without):
        code, printed, said = _run(arguments, here.environment | settings, folder)
    assert code == mistake.code, said
    assert printed == "" or mistake.code == 0
    assert "Traceback" not in said
    assert [secret for secret in SECRETS if secret in said] == []
    lines = _error_lines(said, mistake.code)
    assert filled(mistake.says) in lines[0], said
    assert filled(mistake.where) in said
    assert filled(mistake.next) in lines[-1], said
    assert len(lines) <= 4, said
    assert max(map(len, lines)) < 300, said
    assert ODD.findall(said) == [], said
    assert _state(here) == before


def test_a_database_of_a_newer_version_is_refused(here: Plant) -> None:
    with psycopg.connect(here.database.dsn, autocommit=True) as conn:
        conn.execute("INSERT INTO iotctl_schema SELECT 999, layout FROM iotctl_schema WHERE version = 1")
        try:
            code, printed, said = _run(["status"], here.environment, here.folder)
        finally:
            conn.execute("DELETE FROM iotctl_schema WHERE version = 999")
    assert (code, printed) == (7, "")
    what, where, then = said.splitlines()
    assert "schema version 999" in what
    assert here.places["database"] in where
    assert "pip install --upgrade iotctl" in then


@contextmanager
def _without(packages: Sequence[str]) -> Iterator[None]:
    """As if packages were not installed. What is imported meanwhile stays: numpy cannot be loaded twice."""
    before = {name: sys.modules[name] for name in packages if name in sys.modules}
    sys.modules.update(dict.fromkeys(packages))  # type: ignore[arg-type]  # None is how Python notes it
    try:
        yield
    finally:
        for name in packages:
            del sys.modules[name]
        sys.modules.update(before)


def _run(arguments: list[str], environment: dict[str, str], folder: Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command in this process: to start one takes longer than most mistakes do."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    said = io.StringIO()
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "argv", ["iotctl", *arguments]),
        mock.patch.object(sys, "stdin", io.StringIO()),
        mock.patch.object(log, "_log", type(log._log)()),
        mock.patch.object(secrets, "_known", set[str]()),
        chdir(folder),
        redirect_stdout(out),
        redirect_stderr(said),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return int(ended.value.code or 0), out.buffer.getvalue().decode(), said.getvalue()


def _error_lines(said: str, code: int) -> list[str]:
    """The lines of the error itself, from what happened on; without what an ingest counts before it."""
    lines = said.splitlines()
    begin = next((number for number, line in enumerate(lines) if line.startswith("error: ")), None)
    if begin is None:
        assert code == 0, said
        return [" ".join(lines)]
    lines = lines[begin:]
    # A file that was not loaded stands below the number of them.
    return lines[1:] if re.search(r"files? (was|were) not loaded", lines[0]) else lines


def _state(here: Plant) -> tuple[str, list[str]]:
    """What the database and the folder hold."""
    with psycopg.connect(here.database.dsn, autocommit=True) as conn:
        tables = [name for (name,) in conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        kept = sorted(set(tables) - _LEDGER)
        one = " UNION ALL ".join(f"SELECT '{name}', t::text FROM {name} t" for name in kept)
        rows = sorted(str(row) for row in conn.execute(one.encode()))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest(), sorted(map(str, _files(here.folder)))


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    return ((path, path.stat().st_size) for path in folder.rglob("*") if "__pycache__" not in path.parts)
