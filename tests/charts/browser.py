"""A real browser for pages: their DOM, errors on the console, and screenshots."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-quic", "--disable-gpu", "--no-sandbox", "--headless", "--enable-logging=stderr"),
    # Nothing may be fetched: no host name can be resolved.
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=10000"),
)


def opened(page: Path, profile: Path, address: str = "") -> str:
    """The page's DOM once its scripts have run; fails on any message on its console, skips without a browser.

    address: what follows the name of the page, such as #top.
    """
    browser = _browser()
    if browser is None:
        pytest.skip("no Chromium to open the page with")
    uri = page.as_uri() + address
    ended = _run(browser, profile, "--window-size=1400,2000", "--dump-dom", uri)
    assert "CONSOLE" not in ended.stderr, ended.stderr
    return ended.stdout


def screenshot(page: Path, picture: Path, size: tuple[int, int], profile: Path) -> None:
    """Save the page as a PNG, in a window of so many pixels; fails without a browser."""
    browser = _browser()
    assert browser is not None, "no Chromium to open the page with"
    window = f"--window-size={size[0]},{size[1]}"
    _run(browser, profile, "--hide-scrollbars", window, f"--screenshot={picture}", page.resolve().as_uri())


def _browser() -> str | None:
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def _run(browser: str, profile: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [browser, *_QUIET, f"--user-data-dir={profile}", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return ended
