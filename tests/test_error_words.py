"""Every error that reaches a user says what to do next, in usual words. Read from the source: few can be provoked."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from iotctl import errors
from tests.cli.mistakes.odd_words import ODD

ROOT = Path(__file__).parents[1]
CLASSES = {
    name for name, found in vars(errors).items() if inspect.isclass(found) and issubclass(found, errors.IotctlError)
}


@dataclass(frozen=True, slots=True)
class Raised:
    """An error as it stands in the source. text: of all its literals; hint: what is given for it."""

    place: str
    text: str
    hint: ast.expr | None


def _raised() -> Iterator[Raised]:
    for path in sorted((ROOT / "iotctl").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in CLASSES:
                continue
            hint = next((word.value for word in node.keywords if word.arg == "hint"), None)
            parts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            text = " ".join(part for part in parts if isinstance(part, str))
            yield Raised(f"{path.relative_to(ROOT)}:{node.lineno}", text, hint)


RAISED = list(_raised())


def test_all_are_found() -> None:
    assert len(RAISED) > 200


def test_each_says_what_to_do_next() -> None:
    silent = [one.place for one in RAISED if one.hint is None or getattr(one.hint, "value", "") is None]
    assert silent == []


@pytest.mark.parametrize("one", RAISED, ids=lambda one: one.place)
def test_each_is_in_usual_words(one: Raised) -> None:
    assert ODD.findall(one.text) == []
