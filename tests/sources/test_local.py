"""Files on the local disk."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from iotctl.errors import ChangedFileError, NotFoundError, UsageError
from iotctl.sources import StoreSettings, source_for

STORE = StoreSettings()


def test_folders_are_listed_recursively_in_order_without_loops(tmp_path: Path) -> None:
    for name in ("b/2.csv", "a.csv", "b/1.csv", "b-1.csv", "b/c/3.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    found = [file.uri for file in source_for(str(tmp_path), STORE).list(str(tmp_path))]
    assert found == sorted(str(tmp_path / name) for name in ("b/2.csv", "a.csv", "b/1.csv", "b-1.csv", "b/c/3.csv"))


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_file_is_read_from_an_offset(tmp_path: Path, form: str) -> None:
    path = tmp_path / "ü.csv"
    path.write_bytes(b"0123456789")
    uri = form.format(path)
    source = source_for(uri, STORE)
    (file,) = source.list(uri)
    with source.open(file, 3) as body:
        assert body.read() == b"3456789"


def test_a_file_that_changes_under_the_read_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 10)
    source = source_for(str(path), STORE)
    file = source.stat(str(path))
    with source.open(file) as body:
        path.write_bytes(b"y" * 11)
        with pytest.raises(ChangedFileError):
            body.read()
    path.unlink()
    with pytest.raises(ChangedFileError):
        source.open(file)


def test_a_file_has_one_name_however_it_is_spelt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "data" / "deep")
    file = tmp_path / "data" / "deep" / "a.csv"
    file.write_text("x")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path / "work"))
    # `..` after a link leads to the folder above what it points at, as for every other program.
    folders = ["../data", f"{tmp_path}/work/.././data", "~/../data/", f"file://{tmp_path}/work/../data", "../linked/.."]
    for folder in folders:
        source = source_for(folder, STORE)
        assert [found.uri for found in source.list(folder)] == [str(file)], folder
        named = source.stat(f"{folder}/deep/../deep/a.csv")
        assert named.uri == str(file), folder
        assert source.below(folder, named) == "deep/a.csv", folder
        assert source.names(f"{folder}/deep/a.csv", named), folder


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no file or folder"):
        list(source_for("x", STORE).list(str(tmp_path / "none")))
    with pytest.raises(NotFoundError, match="no files under"):
        list(source_for("x", STORE).list(str(tmp_path)))
    with pytest.raises(UsageError, match="ftp://"):
        source_for("ftp://host/x", STORE)


def test_folders_may_be_nested_deeper_than_pythons_stack(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=folder)
        deeper = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = deeper
    written = os.open("a.csv", os.O_CREAT | os.O_WRONLY, dir_fd=folder)
    os.close(written)
    os.close(folder)
    try:
        (found,) = source_for(str(tmp_path), STORE).list(str(tmp_path))
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # pytest cannot
    assert found.uri == f"{tmp_path}{'/d' * 1100}/a.csv"
