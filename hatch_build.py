"""What a release has that the repository does not: a README that shows everywhere, addresses, and man pages.

PROJECT_URL is the address of the repository, such as https://HOST/OWNER/iotctl. Links of the README then lead there.
Without it there is no address to name: links into the repository become plain text, and pictures are left out.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

_PICTURE = re.compile(r"!\[([^\]]*)\]\((?!https?://)([^)\s]+)\)")
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?://|#)([^)\s]+)\)")


class ReadmeAndAddresses(MetadataHookInterface):
    """Fills in the description and the addresses of the project."""

    def update(self, metadata: dict[str, Any]) -> None:
        """See MetadataHookInterface."""
        url = os.environ.get("PROJECT_URL", "").rstrip("/")
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": outside_readme(readme, url)}
        metadata["urls"] = project_urls(url)


class ManPages(BuildHookInterface):
    """Puts the man pages into the wheel, where make release has written them to man/."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See BuildHookInterface."""
        pages = sorted((Path(self.root) / "man").glob("*.1"))
        build_data["shared_data"].update({str(page): f"share/man/man1/{page.name}" for page in pages})


def outside_readme(text: str, url: str) -> str:
    """The README for a place that does not have the files of the repository; url: of the repository, or empty."""
    if not url:
        without = [block for block in text.split("\n\n") if not _PICTURE.search(block)]
        return _LINK.sub(r"\1", "\n\n".join(without))
    text = _PICTURE.sub(rf"![\1]({url}/raw/HEAD/\2)", text)
    return _LINK.sub(rf"[\1]({url}/blob/HEAD/\2)", text)


def project_urls(url: str) -> dict[str, str]:
    """The addresses of the project by their names; none without the address of the repository."""
    if not url:
        return {}
    return {
        "Source": url,
        "Documentation": f"{url}/blob/HEAD/README.md#documentation",
        "Changelog": f"{url}/blob/HEAD/CHANGELOG.md",
        "Issues": f"{url}/issues",
    }
