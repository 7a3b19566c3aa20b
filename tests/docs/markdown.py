"""The few forms of Markdown that generated pages use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def generated(title: str) -> str:
    """The head of a page that nobody edits by hand."""
    return f"# {title}\n\n<!-- Made from the program by `make reference`; change it there. -->\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown, see cell."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(text: str) -> str:
    """A text that may stand in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
