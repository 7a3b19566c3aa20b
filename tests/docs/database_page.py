"""The page of tables, views and functions of the database, from the schema files and their comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import iotctl.repositories
from tests.docs.markdown import cell, generated, table

SCHEMA = Path(iotctl.repositories.__file__).parent / "schema"

BEFORE = """
The first command that writes creates the schema. `iotctl status` shows which of the two layouts it has: *segments* on
any PostgreSQL, *columnstore* on TimescaleDB ([storage](../explanation/storage.md)). All tables are in the first schema
of `search_path`.

**The views and functions of the first section are stable**: dashboards and other programs may use them. The tables
below are documented for reading; they may change with a new version.
"""


@dataclass(frozen=True, slots=True)
class Made:
    """What a CREATE makes: its kind, name, what a comment above says, and columns (name, type, comment) of a table."""

    kind: str
    written: str
    comment: str
    columns: tuple[tuple[str, str, str], ...]


def database_page() -> str:
    """docs/reference/database.md."""
    files = {file.name: list(_made(file.read_text())) for file in sorted(SCHEMA.glob("*.sql"))}
    parts = [generated("Tables, views and functions"), BEFORE, "\n## For people and other programs\n\n"]
    readings = [one for one in files["0002_reading.segments.sql"] if one.kind != "TABLE" and _is_for_people(one)]
    parts.append(
        table(
            ["name", "what it gives"],
            [[f"`{cell(one.written)}`", cell(one.comment)] for one in [*readings, *files["0003_views.sql"]]],
        )
    )
    for title, name in (
        ("Sensors, files and results", "0001_tables.sql"),
        ("Readings on any PostgreSQL: segments", "0002_reading.segments.sql"),
        ("Readings on TimescaleDB: the columnstore", "0002_reading.columnstore.sql"),
    ):
        parts.append(f"\n## {title}\n")
        for one in files[name]:
            if one.kind == "TABLE":
                parts.append(f"\n### {one.written}\n\n{one.comment}\n\n".replace("\n\n\n", "\n"))
                parts.append(
                    table(
                        ["column", "type", "meaning"],
                        [[f"`{column}`", f"`{cell(type_)}`", cell(said)] for column, type_, said in one.columns],
                    )
                )
    return "".join(parts)


def _is_for_people(one: Made) -> bool:
    return one.written.startswith(("reading(", "last_reading_of"))


def _made(sql: str) -> Iterator[Made]:
    """The objects that a schema file makes, in its order."""
    pattern = re.compile(r"((?:^--[^\n]*\n)*)^CREATE (TABLE|VIEW|FUNCTION) (.*?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
    for comment, kind, body in pattern.findall(sql):
        said = " ".join(line.removeprefix("--").strip() for line in comment.splitlines())
        if kind == "TABLE":
            yield Made(kind, body.partition("(")[0].strip(), said, tuple(_columns(body)))
        elif kind == "VIEW":
            yield Made(kind, f"{body.partition(' ')[0]}({', '.join(_given(body))})", said, ())
        elif "RETURNS trigger" not in body:
            head = re.split(r"\bLANGUAGE\b", body)[0]
            yield Made(kind, " ".join(head.replace("RETURNS", "→").split()).replace("→ TABLE ", "→ "), said, ())


def _columns(body: str) -> Iterator[tuple[str, str, str]]:
    """Columns of a CREATE TABLE: a line each, with a comment after it, or above it for the next ones."""
    for line in body.splitlines()[1:]:
        if line.startswith(")"):
            return
        found = re.fullmatch(r'\s+"?([a-z_]+)"?\s+([a-z0-9]+(?:\[\])?)(.*?),?\s*(?:-- (.*))?', line)
        if found is not None:
            name, type_, rest, said = found.groups()
            yield name, type_, "; ".join(part for part in (said or "", _references(rest)) if part)


def _references(rest: str) -> str:
    found = re.search(r"REFERENCES (\w+)", rest)
    return f"of `{found[1]}`" if found else ""


def _given(body: str) -> list[str]:
    """The columns that a view gives, by the names that they have there."""
    chosen = body.partition("SELECT")[2].partition("FROM")[0]
    parts = re.split(r",(?![^()]*\))", chosen)
    return [part.split()[-1].rpartition(".")[2].strip('"') for part in parts]
