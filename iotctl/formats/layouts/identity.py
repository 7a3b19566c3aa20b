"""Identifies a layout in the ledger, by a short text over everything that decides the readings of a file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from iotctl.formats.layouts.layout import AUTO, STANDARD, Layout

# These do not change the readings.
_FOR_PEOPLE = ("name", "files")
_DIGITS = 12

# Keys of values that were added later: a layout without them keeps its digest in existing ledgers.
_LATER = ("unit_field",)


def layout_digest(layout: Layout) -> str:
    """12 hex digits of a hash over a layout without its name and file patterns; "standard" and "auto" for those."""
    if layout in (STANDARD, AUTO):
        return layout.name
    content = {name: part for name, part in asdict(layout).items() if name not in _FOR_PEOPLE}
    content["values"] = [
        {key: part for key, part in value.items() if key not in _LATER or part is not None}
        for value in content["values"]
    ]
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
