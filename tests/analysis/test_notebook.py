"""The notebook runs, and shows what its text says."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import altair as alt

NOTEBOOK = Path(__file__).parents[2] / "docs" / "analysis.ipynb"


def code_cells() -> list[dict[str, Any]]:
    return [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]


def run(source: str, names: dict[str, Any]) -> object:
    """What a cell shows: the value of the expression it ends with. Cells are plain Python, no kernel is needed."""
    *statements, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        exec(source, names)
        return None
    exec(compile(ast.Module(statements, []), NOTEBOOK.name, "exec"), names)
    return eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), names)


def test_the_notebook_runs_from_top_to_bottom_and_shows_what_its_text_says() -> None:
    names: dict[str, Any] = {}
    shown = [run("".join(cell["source"]), names) for cell in code_cells()]
    charts = [value.to_dict() for value in shown if isinstance(value, alt.Chart | alt.LayerChart)]
    assert len(charts) == 4
    found = [event.kind.value for event in names["found"].events]
    assert sorted(found) == sorted([*names["truth"], "gap", "step"])
    assert len(names["found"].regimes) == 2
    assert names["model_error"] < 0.1 * names["line_error"]
    assert names["breaks_by_penalty"][1] == names["breaks_by_penalty"][10] > names["breaks_by_penalty"][100]
    assert (names["hit"], names["false"]) == (5, 0)
    assert names["textbook_hit"] < 5
    assert names["textbook_false"] > 0


def test_the_notebook_is_committed_without_outputs() -> None:
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code_cells())
