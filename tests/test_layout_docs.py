"""docs/reference/layouts.md is complete: every key, every name, and valid examples."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from iotctl.formats.layouts.builtin import builtin_names
from iotctl.formats.layouts.layout import Form, Layout, QualityLayout, TextLayout, TimeLayout, ValueLayout
from iotctl.formats.layouts.layout_file import read_layouts

DOCS = (Path(__file__).parent.parent / "docs/reference/layouts.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)


@pytest.mark.parametrize("part", [Layout, TextLayout, TimeLayout, QualityLayout, ValueLayout])
def test_every_key_is_described(part: type) -> None:
    described = set(re.findall(r"`\[*(\w+)\]*`", DOCS))
    assert {field.name for field in fields(part)} - {"text"} <= described


def test_every_name_and_form_is_described() -> None:
    described = set(re.findall(r"`([^`\n]+)`", DOCS))
    assert {*builtin_names()} <= described
    assert {form.value for form in Form} <= described


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_layouts(example: str) -> None:
    assert read_layouts(example, "layout.toml")
