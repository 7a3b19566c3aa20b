"""The generated pages are up to date."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from psycopg import Connection

from tests.docs.reference import FOLDER, PAGES


@pytest.mark.parametrize(("name", "page"), PAGES.items(), ids=PAGES)
def test_a_generated_page_is_of_today(name: str, page: Callable[[], str]) -> None:
    assert (FOLDER / name).read_text() == page(), "run: make reference"


def test_every_table_view_and_column_of_a_database_is_described(conn: Connection) -> None:
    described = (FOLDER / "database.md").read_text()
    own = {"iotctl_schema"}  # which version the schema has
    columns = conn.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    ).fetchall()
    assert columns
    for table, column in columns:
        if table not in own:
            (said,) = re.findall(rf"### {table}\n(.*?)(?=\n##|\Z)", described, re.DOTALL) or re.findall(
                rf"\| `{table}\((.*)\)` \|", described
            )
            assert re.search(rf"\b{column}\b", said), f"{table}.{column}"
