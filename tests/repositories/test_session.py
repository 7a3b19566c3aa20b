"""Connections work in databases with very old defaults, and in other encodings."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from iotctl.model import Reject, RejectReason
from iotctl.repositories import Database, ensure_schema
from tests.process import COMMAND

A = "efa4b573-e1b1-46b3-9e8a-0b303d2bb66e"

# What databases of twenty years ago, and programs made for them, set for everyone.
OLD = {
    "IntervalStyle": "sql_standard",
    "DateStyle": "German",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "extra_float_digits": "-3",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "client_encoding": "LATIN1",
    "TimeZone": "Asia/Tokyo",
}


@pytest.fixture(params=["UTF8", "LATIN1", "SQL_ASCII", "WIN1252", "EUC_JP"])
def encoded(request: pytest.FixtureRequest, postgres_server: Database) -> Iterator[tuple[str, Database]]:
    """A new database in an encoding, and the encoding."""
    name = f"encoded_{request.param.lower()}"
    with postgres_server.connect() as conn:
        conn.execute(f"CREATE DATABASE {name} ENCODING '{request.param}' LOCALE 'C' TEMPLATE template0".encode())
    yield request.param, Database(make_conninfo(postgres_server.dsn, dbname=name))
    with postgres_server.connect() as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _iotctl(database: Database, folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IOTCTL_", "PG"))}
    return subprocess.run(
        [COMMAND, *arguments],
        env=kept | {"IOTCTL_DATABASE_URL": database.dsn} | settings,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.mark.faults
def test_old_session_settings_change_no_answer(postgres: Database, tmp_path: Path) -> None:
    with postgres.connect() as conn:
        name = conn.info.dbname
        for setting, value in OLD.items():
            conn.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'".encode())
    (tmp_path / "a.csv").write_text(
        f"timestamp;sensor_uuid;sensor_value\n2016-01-01 00:00Z;{A};0.1234567890123456\n"
        f"2016-01-02 00:00Z;{A};-1e300\nb\\ad ü;;\n"
    )
    loud = {"PGCLIENTENCODING": "LATIN1", "PGOPTIONS": "-c DateStyle=Postgres -c IntervalStyle=iso_8601"}
    for settings in ({}, loud):
        ended = _iotctl(postgres, tmp_path, "ingest", "a.csv", "--json", **settings)
        assert ended.returncode in (0, 3), ended.stderr
        rows = _iotctl(postgres, tmp_path, "query", A, "2016-01-01", "2016-02-01", **settings)
        assert rows.stdout.splitlines()[1:] == [
            "2016-01-01T01:00:00+01:00,0.1234567890123456",
            "2016-01-02T01:00:00+01:00,-1e+300",
        ]
        of_days = ("query", A, "2016-01-01", "2016-02-01", "--every", "1d", "--agg", "count")
        assert len(_iotctl(postgres, tmp_path, *of_days, **settings).stdout.splitlines()) == 3
        rejects = json.loads(_iotctl(postgres, tmp_path, "rejects", "--format", "json", **settings).stdout)
        assert [row["text"] for row in rejects] == ["b\\ad ü;;"]
        assert _iotctl(postgres, tmp_path, "policy", "--retain", "100y", "--yes", **settings).returncode == 0
        assert "36500d" in _iotctl(postgres, tmp_path, "policy", **settings).stdout
        for command in ("status", "runs", "doctor"):
            assert "Traceback" not in _iotctl(postgres, tmp_path, command, **settings).stderr


@pytest.mark.faults
def test_foreign_letters_are_kept_or_escaped_and_end_no_ingest(encoded: tuple[str, Database], tmp_path: Path) -> None:
    encoding, database = encoded
    texts = ["plain", "\u00fc \u00b0C", "\u20ac \u03a9 \u6f22 \U0001f321"]
    (tmp_path / "gr\u00f6\u00dfe \u6f22.csv").write_text(
        f"timestamp;sensor_uuid;sensor_value\n2016-01-01;{A};1\n" + "".join(f"{text};;\n" for text in texts)
    )
    ended = _iotctl(database, tmp_path, "ingest", ".", "--json")
    assert ended.returncode == 3, ended.stderr
    assert json.loads(ended.stdout)["rows_loaded"] == 1
    assert json.loads(_iotctl(database, tmp_path, "ingest", ".", "--json").stdout)["files_unchanged"] == 1
    rejects = json.loads(_iotctl(database, tmp_path, "rejects", "--format", "json").stdout)
    codec = {"WIN1252": "cp1252", "SQL_ASCII": "utf-8"}.get(encoding, encoding)
    assert [row["text"] for row in rejects] == [
        f"{text};;".encode(codec, "backslashreplace").decode(codec) for text in texts
    ]
    assert len(json.loads(_iotctl(database, tmp_path, "rejects", "--file", "\u6f22.c", "--format", "json").stdout)) == 3
    assert _iotctl(database, tmp_path, "runs").returncode == 0
    assert _iotctl(database, tmp_path, "forget", "gr\u00f6\u00dfe \u6f22.csv", "--yes").returncode == 0
    assert json.loads(_iotctl(database, tmp_path, "ingest", ".", "--json").stdout)["rows_loaded"] == 1


def test_each_text_that_python_has_can_be_stored(postgres: Database) -> None:
    texts = ["", "a\\b", "\u20ac", "caf\udce9", "nul\0", "\U0001f321"]
    with postgres.connect() as conn:
        row = conn.execute("SELECT %s::text[], %s::text", (texts, texts[3])).fetchone()
        assert row == (["", "a\\b", "\u20ac", "caf\\udce9", "nul\\x00", "\U0001f321"], "caf\\udce9")
        conn.execute("CREATE TEMP TABLE t (n int, text text)")
        with conn.cursor() as cursor, cursor.copy("COPY t FROM STDIN") as copy:
            for number, text in enumerate([*texts, RejectReason.TIME]):
                copy.write_row((number, text))
        stored = [found for (found,) in conn.execute("SELECT text FROM t ORDER BY n")]
        assert stored == [*row[0], Reject(1, RejectReason.TIME, "").reason.value]


def test_the_tables_are_found_whatever_path_is_the_default(database: Database) -> None:
    with database.connect() as conn:
        name = conn.info.dbname
        conn.execute('CREATE SCHEMA "Our, own"')
        conn.execute(f'ALTER DATABASE {name} SET search_path = "Our, own", public'.encode())
    with database.connect() as conn:
        ensure_schema(conn)
    for default in ('"Our, own", public', "nowhere", "pg_catalog, public", '"$user"'):
        with database.connect() as conn:
            conn.execute(f"ALTER DATABASE {name} SET search_path = {default}".encode())
        with database.connect() as conn:
            assert conn.execute("SELECT current_schema()").fetchone() == ("Our, own",)
            assert conn.execute("SELECT count(*) FROM reading").fetchone() == (0,)


def test_who_asks_for_a_path_gets_it(postgres: Database) -> None:
    with postgres.connect() as conn:
        ensure_schema(conn)
        conn.execute("CREATE SCHEMA elsewhere")
    with Database(make_conninfo(postgres.dsn, options="-c search_path=elsewhere")).connect() as conn:
        assert conn.execute("SELECT current_schema(), to_regclass('reading')").fetchone() == ("elsewhere", None)
        ensure_schema(conn)
    with Database(make_conninfo(postgres.dsn, options="-c search_path=public,elsewhere")).connect() as conn:
        assert conn.execute("SELECT to_regclass('reading')::text").fetchone() == ("reading",)
        assert conn.execute("SELECT current_schemas(false)::text[]").fetchone() == (["public", "elsewhere"],)


def test_a_schema_with_the_name_of_the_user_hides_nothing(postgres: Database) -> None:
    with postgres.connect() as conn:
        ensure_schema(conn)
    with postgres.connect() as conn:
        conn.execute("CREATE SCHEMA AUTHORIZATION CURRENT_USER")
        assert conn.execute("SELECT current_schema()").fetchone() == ("public",)
    with postgres.connect() as conn:
        assert conn.execute("SELECT current_schema(), current_schemas(false)::text[]").fetchone() == (
            "public",
            ["public", conn.info.user],
        )
