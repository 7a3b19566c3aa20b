"""The notebook shows what its text says, both as committed and when it is run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "docs" / "analysis.ipynb"

# Outputs that the text of the notebook refers to.
ASKED = """
import json
print(json.dumps({
    "kinds": found.events["kind"].tolist(),
    "regimes": len(found.regimes),
    "errors": [model_error, line_error],
    "iotctl": [hit, false],
    "textbook": [textbook_hit, textbook_false],
}))
"""


def shown(cell: Any) -> dict[str, str]:
    """Kind -> what a cell shows."""
    found: dict[str, str] = {}
    for output in cell["outputs"]:
        assert output["output_type"] != "error", output
        found |= {"stream": output["text"]} if output["output_type"] == "stream" else output["data"]
    return {kind: "".join(text) for kind, text in found.items()}


def words(text: str) -> str:
    """A text without its numbers, because their last digits differ between machines."""
    return re.sub(r"[-+0-9.e]*[0-9][-+0-9.e]*", "#", text)


def test_the_notebook_is_committed_with_small_outputs_that_need_no_network() -> None:
    cells = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
    outputs = [shown(cell) for cell in cells]
    assert [number for number, found in enumerate(outputs) if not found] == [0]  # the imports
    pictures = [found["image/svg+xml"] for found in outputs if "image/svg+xml" in found]
    assert len(pictures) == 2
    for text in [text for found in outputs for text in found.values()]:
        assert len(text) < 120_000
        assert "<script" not in text
        assert not re.search(r"(?:src|href)=.http", text)
        assert "/tmp" not in text
        assert "Warning" not in text


@pytest.mark.faults
def test_a_kernel_gives_the_outputs_that_are_committed() -> None:
    committed = nbformat.read(NOTEBOOK, 4)
    notebook = nbformat.read(NOTEBOOK, 4)
    notebook.cells.append(nbformat.v4.new_code_cell(ASKED))
    NotebookClient(notebook, timeout=120).execute()
    *ran, asked = (cell for cell in notebook.cells if cell["cell_type"] == "code")
    for now, then in zip(ran, (cell for cell in committed.cells if cell["cell_type"] == "code"), strict=True):
        assert shown(now).keys() == shown(then).keys()
        for kind in ("text/plain", "stream"):
            assert words(shown(now).get(kind, "")) == words(shown(then).get(kind, ""))
    said = json.loads(shown(asked)["stream"])
    assert said["kinds"] == ["spike", "burst", "drift", "gap", "step", "stuck", "shift"]
    assert said["regimes"] == 2
    assert said["errors"][0] < 0.1 * said["errors"][1]
    assert said["iotctl"] == [5, 0]
    assert said["textbook"][0] < 5
    assert said["textbook"][1] > 0
