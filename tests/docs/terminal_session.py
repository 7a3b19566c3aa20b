"""Record a terminal session, docs/pictures/session.svg: python -m tests.docs.terminal_session.

The commands run on the files of the tutorial, in their own terminal, and the picture shows their output.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.terminal import on_a_terminal

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "pictures" / "session.svg"
WIDTH, HEIGHT = 110, 40

# A command, and how many of its lines are shown at most.
SESSION = (
    ("iotctl inspect plant/heizung_2024_kw06.csv --timezone Europe/Berlin --save layout.toml", 0),
    ("iotctl ingest plant --layout layout.toml", 12),
    ("iotctl sensors", 12),
    ("iotctl query heizung.Druck 2024-02-24 2024-02-25 --every 6h", 12),
    ("iotctl detect --all --report report.html", 30),
)


def main() -> None:
    """Run the session, and write the picture."""
    console = Console(record=True, width=WIDTH, force_terminal=True, color_system="truecolor", file=io.StringIO())
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "docs" / "plant", Path(folder) / "plant")
        for command, lines in SESSION:
            # The folder is a temporary one, with a neutral name.
            shown = _printed(command, Path(folder)).replace(folder, "~").splitlines()
            console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
            for line in shown[:lines]:
                console.print(Text.from_ansi(line), overflow="ellipsis", no_wrap=True)
            if len(shown) > lines:
                console.print(Text("...", style="dim"))
            console.print()
    # Without the fonts that rich's frame fetches from elsewhere.
    frame = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    console.save_svg(str(PICTURE), title="iotctl", theme=MONOKAI, code_format=frame)
    print(PICTURE.relative_to(ROOT))


def _printed(command: str, folder: Path) -> str:
    """What a command prints on a terminal in the end: without what it wrote over again, such as progress."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("IOTCTL_")}
    settings |= {"IOTCTL_HOME": str(folder / "home"), "PAGER": "cat"}
    words = shlex.split(command)[1:]
    return "\n".join(screen(on_a_terminal(*words, width=WIDTH, height=HEIGHT, settings=settings, folder=folder)))


def screen(text: str) -> list[str]:
    """The lines of a terminal in the end: progress goes up, clears lines and writes them anew. Colours stay in."""
    lines, row, anew = [""], 0, False
    for part in re.split(r"(\x1b\[\?25[lh]|\x1b\[\d*[AK]|\r\n|\r|\n)", text):
        if part in ("\r\n", "\n"):
            row, anew = row + 1, False
            lines.extend([""] * (row + 1 - len(lines)))
        elif part == "\r":
            anew = True
        elif up := re.fullmatch(r"\x1b\[(\d*)A", part):
            row = max(row - int(up[1] or 1), 0)
        elif part.endswith("K") and part.startswith("\x1b["):
            lines[row] = ""
        elif part and not part.startswith("\x1b[?"):
            lines[row] = part if anew else lines[row] + part
            anew = False
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


if __name__ == "__main__":
    main()
