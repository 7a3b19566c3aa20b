"""The links of the site and of the README are valid."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (built.returncode, built.stderr) == (0, "")
    home = (tmp_path / "index.html").read_text()
    assert 'href="tutorial/own-files.html"' in home
    # It shows without a network.
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?://[^"]+', home)


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "docs/contributing.md"])
def test_what_a_page_points_to_is_in_the_repository(name: str) -> None:
    page = ROOT / name
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#\s]+)", text) + re.findall(r'src="([^"]+)"', text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
    for path in re.findall(r"\bdocs/[\w/-]+\.(?:md|svg|png|csv|ipynb)\b", text):
        assert (ROOT / path).exists(), path
