"""The connection that an ingest keeps from one piece of work to the next."""

from __future__ import annotations

import threading

import pytest

from iotctl.errors import IotctlError
from iotctl.repositories import Connection, Database
from iotctl.services.ingest import patience
from iotctl.services.ingest.patience import Session, patiently
from iotctl.services.ingest.progress import Silent


def _backend(conn: Connection) -> object:
    row = conn.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return row[0]


def _end(database: Database, backend: object) -> None:
    with database.connect() as conn:
        conn.execute("SELECT pg_terminate_backend(%s, 10000)", (backend,))


def test_work_after_work_uses_one_connection(postgres: Database) -> None:
    with Session(postgres) as session:
        assert session.do(_backend) == session.do(_backend)


def test_a_connection_that_was_idle_for_long_is_made_anew(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_IDLE_SECONDS", 0.0)
    with Session(postgres) as session:
        first = session.do(_backend)
        _end(postgres, first)
        assert session.do(_backend) != first


def test_work_goes_on_where_the_connection_was_ended(postgres: Database) -> None:
    with Session(postgres) as session:
        first = session.do(_backend)
        _end(postgres, first)
        assert patiently(session, _backend, Silent(), threading.Event()) != first


def test_a_failed_piece_of_work_leaves_nothing_to_the_next(postgres: Database) -> None:
    def fail(conn: Connection) -> None:
        conn.execute("SET DateStyle = 'German'")
        conn.execute("SELECT 1 / 0")

    with Session(postgres) as session:
        with pytest.raises(IotctlError, match="division by zero"):
            session.do(fail)
        assert session.do(lambda conn: conn.execute("SHOW DateStyle").fetchone()) == ("ISO, MDY",)
    with postgres.connect() as conn:
        others = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'iotctl ingest' AND datname = %s"
        assert conn.execute(others, (conn.info.dbname,)).fetchone() == (0,)
