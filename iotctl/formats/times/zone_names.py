"""Zones as a field names them: offsets, abbreviations, names of the tz database."""

from __future__ import annotations

import pyarrow as pa

from iotctl.formats.times.iso import Times


def with_zones(times: Times, zones: pa.Array) -> Times:
    """Naive times in UTC, each by the zone of its own row; times that are not naive stay.

    zones: (n,) texts, such as EST, CET, +01:00, UTC+2, Europe/Berlin. Where the zone is blank or null, the time stays
    naive. Where it is not known, can mean several, or its clock shows the time twice or never, the time is odd:
    zone_problem says why.
    """
    return times


def zone_problem(zone: str) -> str | None:
    """What is wrong with the name of a zone, for people; None where nothing is."""
    return None
