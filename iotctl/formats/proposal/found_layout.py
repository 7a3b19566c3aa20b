"""Finds the layout of a file from its content, for --layout auto."""

from __future__ import annotations

from iotctl.errors import FileError
from iotctl.formats.layouts.layout import STANDARD, Layout
from iotctl.formats.layouts.layout_file import read_layouts
from iotctl.formats.options import OpenAt, ReadOptions
from iotctl.formats.proposal.proposal import Hints
from iotctl.formats.proposal.propose import propose
from iotctl.model import Position, StoredFile


def found_layout(file: StoredFile, open_at: OpenAt, options: ReadOptions, start: Position) -> Layout:
    """The layout from the file's content; after the beginning, the layout with which reading began.

    Raises FileError if something is in doubt, because nothing is guessed.
    """
    if begun := start.forms.get("layout"):
        return read_layouts(begun, file.uri)[0]
    proposal = propose(file, open_at, Hints(timezone=options.timezone), options)
    if proposal.standard:
        return STANDARD
    if proposal.layout is None or proposal.doubts:
        why = "; ".join(doubt.text for doubt in proposal.doubts) or "it has no readings that can be recognised"
        raise FileError(
            f"--layout auto cannot read this file: {why.rstrip('?.')}.",
            where=file.uri,
            hint=f"Settle it once, for all such files: iotctl inspect {file.uri} --save layout.toml",
        )
    return proposal.layout
