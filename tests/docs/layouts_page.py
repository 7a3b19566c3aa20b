"""The page of the layouts that come with iotctl, from their files."""

from __future__ import annotations

from pathlib import Path

import iotctl.formats.layouts.builtin
from tests.docs.markdown import generated

FOLDER = Path(iotctl.formats.layouts.builtin.__file__).parent

BEFORE = """
These layouts come with iotctl, and are used by name: `iotctl ingest FILE --layout NAME`. To change one, copy it into a
file of your own, and use it with `--layout`. [Layouts](layouts.md) describes the keys.
"""


def layouts_page() -> str:
    """docs/reference/builtin-layouts.md."""
    parts = [generated("Layouts by name"), BEFORE]
    for file in sorted(FOLDER.glob("*.toml")):
        first, _, rest = file.read_text(encoding="utf-8").partition("\n")
        parts.append(f"\n## {file.stem}\n\n{first.removeprefix('#').strip()}.\n\n```toml\n{rest.strip()}\n```\n")
    return "".join(parts)
