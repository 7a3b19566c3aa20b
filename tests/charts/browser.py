"""A real browser for pages: what it makes of them, what it complains about."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-quic", "--disable-gpu", "--no-sandbox", "--headless", "--enable-logging=stderr"),
)


def opened(page: Path, profile: Path, address: str = "") -> str:
    """The page's DOM once its scripts have run; fails on any message on its console, skips without a browser.

    address: what follows the name of the page, such as #top.
    """
    browser = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip("no Chromium to open the page with")
    ended = subprocess.run(
        [
            *(browser, *_QUIET, f"--user-data-dir={profile}", "--virtual-time-budget=10000", "--window-size=1400,2000"),
            # Nothing may be fetched: every name leads nowhere.
            *("--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom", page.as_uri() + address),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert "CONSOLE" not in ended.stderr, ended.stderr
    return ended.stdout
