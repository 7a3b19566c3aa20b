"""The examples of docs/how-to/python.md give the output on the page."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "docs" / "how-to" / "python.md").read_text()
EXAMPLES = "\n".join(re.findall(r"^```pycon\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE))


@pytest.mark.usefixtures("plant_settings")
def test_the_examples_of_the_page_run_one_after_the_other(tmp_path: Path) -> None:
    said: list[str] = []
    example = doctest.DocTestParser().get_doctest(EXAMPLES, {}, "python.md", None, None)
    assert len(example.examples) > 15
    doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS).run(example, out=said.append)
    assert not said, "".join(said)
    assert "drift" in (tmp_path / "druck.html").read_text()
