"""The heating plant of the tutorial in a database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from iotctl.formats import ReadOptions
from iotctl.formats.proposal.proposal import Hints
from iotctl.repositories import Database
from iotctl.services.ingest.ingest import IngestRun
from iotctl.services.ingest.load_task import IngestRequest, LoadOptions
from iotctl.services.ingest.progress import Silent
from iotctl.services.inspect import inspect_file
from iotctl.sources import StoreSettings
from iotctl.workers.threads import Threads
from tests.conftest import new_database

PLANT = Path(__file__).parents[2] / "docs" / "plant"


@pytest.fixture(scope="session")
def plant(postgres_server: Database) -> Iterator[Database]:
    """A database with the plant's four files."""
    read = ReadOptions("Europe/Berlin")
    seen = inspect_file(str(PLANT / "heizung_2024_kw06.csv"), StoreSettings(), Hints(timezone="Europe/Berlin"), read)
    assert seen.proposal.layout is not None
    options = LoadOptions(ReadOptions("Europe/Berlin", settle_seconds=0, layouts=(seen.proposal.layout,)))
    with new_database(postgres_server) as database, Threads(1) as threads:
        request = IngestRequest(str(PLANT), StoreSettings(), options)
        IngestRun(request, database, threads, Silent(), threading.Event()).run()
        yield database


@pytest.fixture
def plant_settings(plant: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The settings of a user of that database, in their own folder."""
    monkeypatch.setenv("IOTCTL_DATABASE_URL", plant.dsn)
    monkeypatch.setenv("IOTCTL_TIMEZONE", "Europe/Berlin")
    monkeypatch.chdir(tmp_path)
