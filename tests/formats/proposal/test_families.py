"""The layout that is proposed for a file gives exactly the readings that are in it."""

from __future__ import annotations

import gzip
import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO

import pytest

from iotctl.formats import ReadOptions, read_batches
from iotctl.formats.layouts.layout_file import read_layouts
from iotctl.formats.layouts.layout_text import layout_toml
from iotctl.formats.proposal.proposal import Hints, Proposal
from iotctl.formats.proposal.propose import propose
from iotctl.model import StoredFile
from tests.formats.proposal.families import FAMILIES, Family, Series
from tests.formats.proposal.odd_families import ODD_FAMILIES
from tests.formats.proposal.record_families import RECORD_FAMILIES
from tests.formats.proposal.time_families import TIME_FAMILIES

ALL = [*FAMILIES, *RECORD_FAMILIES, *ODD_FAMILIES, *TIME_FAMILIES]
NOW = datetime(2024, 1, 1, tzinfo=UTC)


def look(content: bytes, hints: Hints, name: str = "file.csv") -> Proposal:
    file = StoredFile(f"/plant/{name}", len(content), "1", NOW)
    return propose(file, opened(content), hints, ReadOptions())


def opened(content: bytes):  # type: ignore[no-untyped-def]
    def open_at(offset: int) -> BinaryIO:
        stored = io.BytesIO(content)
        stored.seek(offset)
        return stored

    return open_at


def loaded(case: Family, proposal: Proposal) -> tuple[dict[str, Series], Counter[str]]:
    """The result of an ingest with the layout, written to a file and read again: the series by name, and the counts."""
    assert proposal.layout is not None, [doubt.text for doubt in proposal.doubts]
    (layout,) = read_layouts(layout_toml(proposal.layout), "layout.toml")
    assert layout == proposal.layout
    # Another zone than the one that was told: a layout must carry it.
    options = ReadOptions(timezone="Asia/Tokyo", layouts=(layout,), settle_seconds=0)
    found: dict[str, Series] = {}
    counts: Counter[str] = Counter()
    file = StoredFile(f"/plant/{case.name}", len(case.content), "1", NOW)
    for batch in read_batches(file, opened(case.content), options):
        for sensor, time, value in zip(batch.sensor.tolist(), batch.time.tolist(), batch.value.tolist(), strict=True):
            found.setdefault(str(batch.names[sensor]), []).append((time, value))
        counts.update(missing=batch.missing, bad_quality=batch.bad_quality, rejected=batch.rows_rejected)
        counts.update({f"unit {unit}": 1 for unit in batch.units if unit})
    return found, counts


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.slug)
def test_the_proposed_layout_gives_exactly_the_readings_of_the_file(case: Family) -> None:
    found, counts = loaded(case, look(case.content, case.hints, case.name))
    wanted = sorted(sorted(one) for one in case.truth.values())
    given = sorted(sorted(one) for one in found.values())
    assert [[value for _, value in one] for one in given] == [[value for _, value in one] for one in wanted]
    for one, other in zip(given, wanted, strict=True):
        assert max(abs(a - b) for (a, _), (b, _) in zip(one, other, strict=True)) <= case.tolerance
    expected = {"missing": case.missing, "bad_quality": case.bad_quality, "rejected": case.rejected}
    assert {name: counts[name] for name in expected} == expected
    if case.sensors:
        assert set(found) == case.sensors
    assert {name.removeprefix("unit ") for name in counts if name.startswith("unit ")} >= case.units


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.slug)
def test_a_zone_is_asked_for_where_the_file_names_none_and_nowhere_else(case: Family) -> None:
    proposal = look(case.content, replace(case.hints, timezone=None), case.name)
    asked = [doubt for doubt in proposal.doubts if doubt.option.startswith("--timezone")]
    assert bool(asked) == case.needs_zone


@pytest.mark.parametrize("case", [case for case in ALL if case.needs_zone], ids=lambda case: case.slug)
def test_nothing_is_in_doubt_once_the_options_are_given(case: Family) -> None:
    assert look(case.content, case.hints, case.name).doubts == ()


TEXTS = [case for case in ALL if not case.content.startswith((b"PAR1", b"PK"))]


@pytest.mark.parametrize("case", TEXTS, ids=lambda case: case.slug)
def test_a_packed_text_has_the_layout_of_the_text(case: Family) -> None:
    packed = look(gzip.compress(case.content), case.hints, f"{case.name}.gz")
    assert packed.layout == look(case.content, case.hints, case.name).layout
