"""For mkdocs: the README is the home of the site, and the list of changes a page of it."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add both pages, with links that hold from docs/."""
    for name, source in {"index.md": "README.md", "changes.md": "CHANGELOG.md"}.items():
        files.append(File.generated(config, name, content=from_docs((ROOT / source).read_text())))
    files.append(File.generated(config, "LICENSE.txt", content=(ROOT / "LICENSE").read_text()))
    return files


def from_docs(text: str) -> str:
    """A text whose links start at the root of the repository, with links that start at docs/."""
    text = re.sub(r"(\]\(|src=\")docs/", r"\1", text)
    return text.replace("](CHANGELOG.md)", "](changes.md)").replace("](LICENSE)", "](LICENSE.txt)")
