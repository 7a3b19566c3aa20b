"""The layouts of files in the ledger: under which short text each is entered, and how a file is read again by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from iotctl.errors import FileError
from iotctl.formats.layouts.choice import layout_of
from iotctl.formats.layouts.identity import layout_digest
from iotctl.formats.layouts.layout import AUTO, STANDARD, Layout
from iotctl.repositories import LayoutRepository

# The ledger's text of a file without a layout: none of several fits its name.
NONE = "none"

_UNNAMED = "layout"


class RunLayouts:
    """The layouts that a run was given."""

    def __init__(self, layouts: Sequence[Layout]) -> None:
        self._layouts = layouts
        self._texts = [layout_text(layout) for layout in layouts]

    def text(self, uri: str) -> str:
        """What the ledger has for the layout of a file: name and digest, or standard, auto, none."""
        if len(self._layouts) == 1 and not self._layouts[0].files:
            return self._texts[0]
        try:
            chosen = layout_of(self._layouts, uri)
        except FileError:  # reading the file raises it again
            return NONE
        return next(text for layout, text in zip(self._layouts, self._texts, strict=True) if layout is chosen)

    def kept(self) -> dict[str, str]:
        """Digest -> TOML of each that is to be kept."""
        return {digest: toml for layout in self._layouts for digest, toml in kept_layout(layout).items()}


class RecordedLayouts:
    """Layouts that the ledger has, as they were when files were loaded; each is read once."""

    def __init__(self, layouts: LayoutRepository) -> None:
        self._repository = layouts
        self._known = {STANDARD.name: STANDARD}

    def of(self, recorded: Mapping[str, str]) -> Layout:
        """The layout that a finished file was loaded with. Raises FileError where it is not kept."""
        text = recorded.get("layout", STANDARD.name)
        digest = digest_of(text)
        if digest not in self._known:
            toml = self._repository.toml(digest)
            if toml is None:
                raise FileError(
                    f"The layout that the file was loaded with is not kept: {text}.",
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
    """Digest -> TOML of a layout that is to be kept; nothing for those that every iotctl has."""
    if layout in (STANDARD, AUTO):
        return {}
    from iotctl.formats.layouts.layout_text import layout_toml

    return {layout_digest(layout): layout_toml(layout)}


@lru_cache(maxsize=64)  # files that are found to have the same layout follow one another
def read_layout(toml: str) -> Layout:
    """A layout from the TOML that is kept of it; the standard one from none."""
    if not toml:
        return STANDARD
    from iotctl.formats.layouts.layout_file import read_layouts  # with pydantic, which other runs do not need

    return read_layouts(toml, "the layout in the ledger")[0]


def digest_of(text: str) -> str:
    """The digest in a text of the ledger: equal where files are read alike."""
    return text.rsplit(" ", 1)[-1]


def is_same(text: str, now: str) -> bool:
    """Whether a file with a text of the ledger would be read alike now, as far as that can be known without a look."""
    return now == AUTO.name or digest_of(text) == digest_of(now)
