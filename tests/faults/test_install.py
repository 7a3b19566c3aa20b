"""The release can be installed and runs the tutorial: sdist and wheel, in empty environments. Long.

RELEASE names a folder with both, as make release does; else they are built here.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from readme_renderer import markdown

from hatch_build import outside_readme, project_urls
from iotctl import __version__

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel built from the sdist, so that a missing file shows."""
    if made := os.environ.get("RELEASE"):
        return Path(made)
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
        "hatch_build.py",
        "mkdocs.yml",
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


def test_its_description_shows_without_the_repository(released: Path) -> None:
    (wheel,) = released.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        head, _, description = archive.read(name).decode().partition("\n\n")
    assert f"\nVersion: {__version__}\n" in head
    assert "\nAuthor: " in head
    assert "\nClassifier: Environment :: Console\n" in head
    shown = markdown.render(description)
    assert shown is not None
    targets = re.findall(r'(?:href|src)="([^"]*)"', shown)
    assert [target for target in targets if not target.startswith(("https://", "#"))] == []


def test_with_an_address_every_link_of_the_description_leads_to_it() -> None:
    url = "https://host.invalid/owner/iotctl"
    readme = (ROOT / "README.md").read_text()
    relative = re.findall(r"\]\((?!http)([^)#\s]+)", readme)
    outside = outside_readme(readme, url)
    assert re.findall(r"\]\((?!https)[^)]*\)", outside) == []
    for target in relative:
        assert f"({url}/blob/HEAD/{target})" in outside or f"({url}/raw/HEAD/{target})" in outside
    assert all(address.startswith(url) for address in project_urls(url).values())
    assert project_urls("") == {}


def test_the_version_has_a_dated_entry_in_the_changes() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(rf"^## {re.escape(__version__)} \(\d{{4}}-\d\d-\d\d\)$", changes, re.MULTILINE)


def test_pipx_installs_it_into_nothing_and_the_tutorial_works(released: Path, tmp_path: Path) -> None:
    (wheel,) = released.glob("*.whl")
    home = {name: str(tmp_path / name) for name in ("PIPX_HOME", "PIPX_BIN_DIR", "PIPX_MAN_DIR")}
    subprocess.run(
        [sys.executable, "-m", "pipx", "install", "--quiet", f"{wheel}[embedded]"],
        env=os.environ | home,
        check=True,
        capture_output=True,
    )
    tutorial = (ROOT / "docs" / "tutorial" / "own-files.md").read_text()
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "IOTCTL_HOME": str(tmp_path / "home")}
    commands = [line.split("#")[0] for line in re.findall(r"^iotctl (.*)$", tutorial, re.MULTILINE)]
    assert len(commands) > 5
    for command in commands:
        ended = subprocess.run(
            [tmp_path / "PIPX_BIN_DIR" / "iotctl", *shlex.split(command)],
            env=bare,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, (command, ended.stderr)
    assert (tmp_path / "report.html").stat().st_size > 10_000
    if os.environ.get("RELEASE"):
        assert (tmp_path / "PIPX_MAN_DIR" / "man1" / "iotctl-query.1").exists()
