"""Policies as rows, as JSON, and in one line."""

from __future__ import annotations

from datetime import timedelta

from iotctl.cli.output.terminal import size
from iotctl.model import StorageLayout
from iotctl.moments import local_time
from iotctl.repositories import Policies


def policies_json(found: Policies, timezone: str) -> dict[str, object]:
    """Policies as JSON: lengths in days, sizes in bytes, times with an offset; null if not set."""
    return {
        "retain_days": _days(found.retain),
        "compress_after_days": _days(found.compress_after),
        "aggregates": {
            state.name: {
                "bytes": state.table_bytes,
                "stale": None
                if state.stale is None
                else [local_time(edge, timezone).isoformat() for edge in state.stale],
            }
            for state in found.aggregates
        },
    }


def about_policies(found: Policies, timezone: str) -> str:
    """Policies in one line."""
    return "; ".join(
        f"{name} {setting}" + (f" ({about})" if name.startswith("reading_") else "")
        for name, setting, about in policy_rows(found, timezone)
    )


def policy_rows(found: Policies, timezone: str) -> list[tuple[str, str, str]]:
    """Name, setting and meaning of each policy and aggregate."""
    plain = found.layout is StorageLayout.SEGMENTS
    how = "whole months, dropped after each ingest and by iotctl policy --apply" if plain else "dropped by chunk, daily"
    compressed = {
        StorageLayout.SEGMENTS: "all readings are compressed as they arrive",
        StorageLayout.COLUMNSTORE: "late readings; others are compressed as they arrive",
    }
    rows = [
        ("retain", _shown(found.retain), how if found.retain else "readings are kept forever"),
        ("compress-after", _shown(found.compress_after), compressed[found.layout]),
        ("aggregates", "on" if found.aggregates else "off", "of hours and days (UTC), for query --every"),
    ]
    for state in found.aggregates:
        about = size(state.table_bytes)
        if state.stale is not None:
            first, until = (local_time(edge, timezone).isoformat(timespec="seconds") for edge in state.stale)
            about += f", stale between {first} and {until}: there, readings are used"
        rows.append((state.name, "stale" if state.stale else "fresh", about))
    return rows


def _days(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds() / 86400


def _shown(span: timedelta | None) -> str:
    if span is None:
        return "off"
    days = span.total_seconds() / 86400
    return f"{days:g}d" if days >= 1 else f"{days * 24:g}h"
