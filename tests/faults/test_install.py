"""What is released can be installed: sdist and wheel, built, and the wheel put into an empty environment. Long."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel built from it: what the sdist lacks, the wheel lacks."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", folder, ROOT], check=True, capture_output=True)
    return folder


def test_the_wheel_has_the_types_and_every_schema_file(released: Path) -> None:
    (wheel,) = released.glob("*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    assert "iotctl/py.typed" in shipped
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "iotctl").rglob("*") if path.is_file()}
    assert {name for name in sources if name.endswith(".sql")}
    assert {name for name in sources if "__pycache__" not in name} <= shipped
    assert not {name for name in shipped if name.startswith("tests/")}


def test_the_sdist_has_tests_documents_and_licence(released: Path) -> None:
    (sdist,) = released.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        shipped = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "pyproject.toml",
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "docs/contributing.md",
        "tests/store.py",
    } <= shipped


def test_an_empty_environment_runs_it(released: Path, tmp_path: Path) -> None:
    (wheel,) = released.glob("*.whl")
    venv.create(tmp_path / "empty", with_pip=True)
    programs = tmp_path / "empty" / "bin"
    subprocess.run([programs / "pip", "install", "--quiet", wheel], check=True, capture_output=True)

    def iotctl(*arguments: str) -> str:
        bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        ended = subprocess.run(
            [programs / "iotctl", *arguments], env=bare, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    assert iotctl("--version").split()[1] in wheel.name
    assert "Usage: iotctl" in iotctl("--help")
    # Detection needs no extra; numpy, scipy and pyarrow have to be there.
    (tmp_path / "a.csv").write_text(
        "timestamp,value\n" + "".join(f"2016-01-01T00:{i:02}:00Z,{i % 3}\n" for i in range(60))
    )
    assert iotctl("detect", "--input", "a.csv", "--format", "csv").startswith("sensor")
