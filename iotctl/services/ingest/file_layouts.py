"""The layouts of files in the ledger: the short text of each, and how to read a file again with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from iotctl.errors import FileError
from iotctl.formats.layouts.choice import layout_of
from iotctl.formats.layouts.identity import layout_digest
from iotctl.formats.layouts.layout import AUTO, STANDARD, Layout
from iotctl.repositories import LayoutRepository

# The ledger's text for a file without a layout, because no layout fits its name.
NONE = "none"

_UNNAMED = "layout"


class RunLayouts:
    """The layouts that a run was given."""

    def __init__(self, layouts: Sequence[Layout]) -> None:
        self._layouts = layouts
        self._texts = [layout_text(layout) for layout in layouts]

    def text(self, uri: str) -> str:
        """The ledger's text for the layout of a file: name and digest, or standard, auto, none."""
        if len(self._layouts) == 1 and not self._layouts[0].files:
            return self._texts[0]
        try:
            chosen = layout_of(self._layouts, uri)
        except FileError:  # reading the file raises the error again
            return NONE
        return next(text for layout, text in zip(self._layouts, self._texts, strict=True) if layout is chosen)

    def kept(self) -> dict[str, str]:
        """Digest -> TOML of each layout to keep."""
        return {digest: toml for layout in self._layouts for digest, toml in kept_layout(layout).items()}


class RecordedLayouts:
    """Layouts in the ledger, as they were when files were loaded; each is read once."""

    def __init__(self, layouts: LayoutRepository) -> None:
        self._repository = layouts
        self._known = {STANDARD.name: STANDARD}

    def of(self, recorded: Mapping[str, str]) -> Layout:
        """The layout with which a finished file was loaded. Raises FileError where it is not kept."""
        text = recorded.get("layout", STANDARD.name)
        digest = digest_of(text)
        if digest not in self._known:
            toml = self._repository.toml(digest)
            if toml is None:
                raise FileError(
                    f"The layout with which the file was loaded is not kept: {text}.",
                    hint="Load it again: iotctl ingest --again --layout FILE",
                )
            self._known[digest] = read_layout(toml)
        return self._known[digest]


def layout_text(layout: Layout) -> str:
    """The ledger's text of a layout."""
    digest = layout_digest(layout)
    return digest if digest == layout.name else f"{layout.name or _UNNAMED} {digest}"


def found_text(layout: Layout) -> str:
    """The ledger's text of a layout that was found by looking at the file."""
    return f"{AUTO.name} {layout_text(layout)}"


def kept_layout(layout: Layout) -> dict[str, str]:
    """Digest -> TOML of a layout to keep; empty for the layouts that every iotctl has."""
    if layout in (STANDARD, AUTO):
        return {}
    from iotctl.formats.layouts.layout_text import layout_toml

    return {layout_digest(layout): layout_toml(layout)}


@lru_cache(maxsize=64)  # files with the same layout often follow each other
def read_layout(toml: str) -> Layout:
    """A layout from its saved TOML; the standard layout where there is none."""
    if not toml:
        return STANDARD
    from iotctl.formats.layouts.layout_file import read_layouts  # imports pydantic, which other runs do not need

    return read_layouts(toml, "the layout in the ledger")[0]


def digest_of(text: str) -> str:
    """The digest in a text of the ledger: it is equal for files that are read in the same way."""
    return text.rsplit(" ", 1)[-1]


def is_same(text: str, now: str) -> bool:
    """Whether a file with this text in the ledger would be read in the same way now; True if that is not known."""
    return now == AUTO.name or digest_of(text) == digest_of(now)
