"""Each format is read as docs/reference/time-formats.md says."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from iotctl.formats.times.formats import time_grammar
from tests.formats.test_time_formats import moment_of

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "time-formats.md"
ROWS = re.findall(r"^\| `(.+?)` \| `(.+?)` \| (.+?) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("format_", "text", "expected"), ROWS)
def test_a_text_in_the_docs_is_the_time_beside_it(format_: str, text: str, expected: str) -> None:
    moment = datetime.fromisoformat(expected.replace(" UTC", "+00:00"))
    assert moment_of(time_grammar(format_), text) == moment


def test_the_docs_have_a_row_for_each_named_format() -> None:
    named = {format_ for format_, _, _ in ROWS if "%" not in format_}
    assert named == {"iso", "epoch-s", "epoch-ms", "epoch-us", "epoch-ns", "excel", "matlab"}
