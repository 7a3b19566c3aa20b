"""Write the pages of docs/reference/ that are made from the program: python -m tests.docs.reference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.docs.command_page import command_page
from tests.docs.database_page import database_page
from tests.docs.exit_codes_page import exit_codes_page
from tests.docs.layouts_page import layouts_page
from tests.docs.metrics_page import metrics_page
from tests.docs.settings_page import settings_page

FOLDER = Path(__file__).parents[2] / "docs" / "reference"

PAGES: dict[str, Callable[[], str]] = {
    "commands.md": command_page,
    "settings.md": settings_page,
    "exit-codes.md": exit_codes_page,
    "metrics.md": metrics_page,
    "builtin-layouts.md": layouts_page,
    "database.md": database_page,
}


def main() -> None:
    """Write all pages, and say which were old."""
    for name, page in PAGES.items():
        file, text = FOLDER / name, page()
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
            print(f"{file.relative_to(FOLDER.parents[1])} is new")


if __name__ == "__main__":
    main()
