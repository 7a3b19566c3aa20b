"""Commands on unusual machines: a clear error or success, and never a traceback."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Iotctl
from tests.ordinary import NOBODY, PACKAGES, ordinary_python
from tests.process import COMMAND

A = "efa4b573-e1b1-46b3-9e8a-0b303d2bb66e"
HEADER = "timestamp;sensor_uuid;sensor_value\n"
GOOD = HEADER + f"2016-01-01 00:00;{A};1.5\n"


@dataclass(frozen=True)
class Surrounding:
    """A shell command line, in a folder that prepare() has filled; codes: how it may end. words: on stderr."""

    name: str
    line: str
    codes: tuple[int, ...]
    words: str = ""
    prepare: Callable[[Path], object] = lambda _: None


def _good(folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "in" / "good.csv").write_text(GOOD)


def _nested(folder: Path) -> None:
    """Made from its inner end on, because the whole path is too long for some systems."""
    os.makedirs(folder / "in")  # noqa: PTH103
    here = os.open(folder / "in", os.O_RDONLY)
    for _ in range(1_100):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("deep.csv", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)
    (folder / "in" / "good.csv").write_text(GOOD)


def _odd_files(folder: Path) -> None:
    _good(folder)
    os.mkfifo(folder / "in" / "pipe.csv")
    (folder / "in" / "zero.csv").symlink_to("/dev/zero")
    (folder / "in" / "loop.csv").symlink_to("loop.csv")
    (folder / "in" / "around").symlink_to("..")
    (folder / "in" / "gone.csv").symlink_to("nowhere.csv")
    subprocess.run(
        ["python3", "-c", "import socket; socket.socket(socket.AF_UNIX).bind('in/socket.csv')"], cwd=folder, check=True
    )


def _long_ago_and_far_ahead(folder: Path) -> None:
    _good(folder)
    os.utime(folder / "in" / "good.csv", (0, -62_000_000_000))
    (folder / "in" / "ahead.csv").write_text(GOOD)
    os.utime(folder / "in" / "ahead.csv", (0, 15_000_000_000))


SURROUNDINGS = [
    Surrounding("stdout is full", "iotctl query S 2016-01-01 2016-01-02 >/dev/full", (1,), "Cannot write to stdout"),
    Surrounding("stdout is full, JSON", "iotctl query S 2016-01-01 2016-01-02 --format json >/dev/full", (1,)),
    Surrounding("stdout is full, status", "iotctl status >/dev/full", (1,), "Cannot write to stdout"),
    Surrounding("stdout is full, help", "iotctl --help >/dev/full", (1,), "Cannot write to stdout"),
    Surrounding("stdout is full, doctor", "iotctl doctor >/dev/full", (1,), "Cannot write to stdout"),
    Surrounding("stdout is full, ingest", "iotctl ingest in --json >/dev/full", (1,), "stdout", _good),
    Surrounding("stdout is closed", "iotctl query S 2016-01-01 2016-01-02 >&-", (1,), "Cannot write to stdout"),
    Surrounding("stdout is closed, ingest", "iotctl ingest in >&-", (0,), "1 file loaded", _good),
    Surrounding("stderr is full", "iotctl ingest in 2>/dev/full", (0,), "", _good),
    Surrounding("stderr is full, error", "iotctl query nobody now-1d now 2>/dev/full", (4,)),
    Surrounding("stderr is full, usage", "iotctl query 2>/dev/full", (2,)),
    Surrounding("stderr is full, JSON", "iotctl --log-format json ingest in 2>/dev/full", (0,), "", _good),
    Surrounding("stderr is closed", "iotctl ingest in 2>&-", (0,), "", _good),
    Surrounding("all are closed", "iotctl ingest in <&- >&- 2>&-", (0,), "", _good),
    Surrounding("all are closed, query", "iotctl query S 2016-01-01 2016-01-02 <&- >&- 2>&-", (1,)),
    Surrounding("the folder is gone", "mkdir d; cd d; rmdir ../d; iotctl status", (0,)),
    Surrounding("the folder is gone, ingest", "mkdir d; cd d; rmdir ../d; iotctl ingest .", (4,), "error"),
    Surrounding("the folder is gone, output", "mkdir d; cd d; rmdir ../d; iotctl status -o x", (1, 2), ""),
    Surrounding(".env is a folder", "mkdir .env; iotctl status", (0,)),
    Surrounding(".env is a pipe", "mkfifo .env; iotctl status", (0,)),
    Surrounding(".env is no text", r"printf '\377\376a' > .env; iotctl status", (7,), ".env is not UTF-8"),
    Surrounding(".env is a loop", "ln -s .env .env; iotctl status", (0, 7)),
    Surrounding("a pipe is named", "mkfifo p.csv; iotctl ingest p.csv", (1,), "not a file"),
    Surrounding("a pipe is the mapping", "mkfifo p.csv; iotctl load-mapping p.csv", (1,), "not a file"),
    Surrounding(
        "a pipe is the input",
        "mkfifo p.csv; printf 'timestamp,value\\n2016-01-01,1\\n' > p.csv & sleep 0.2; iotctl detect --input p.csv",
        (0,),
        "1 reading;",
    ),
    Surrounding("a pipe is the manifest", "mkfifo p; iotctl ingest in --manifest p", (1,), "not a file", _good),
    Surrounding("a pipe in a manifest", "mkfifo p; echo ../p > m; iotctl ingest in --manifest m", (1,), "", _good),
    Surrounding("/dev/zero is named", "iotctl ingest /dev/zero", (1,), "not a file"),
    Surrounding("a link to /dev/zero is named", "ln -s /dev/zero z.csv; iotctl ingest z.csv", (1,), "not a file"),
    Surrounding("/dev/zero is the mapping", "iotctl load-mapping /dev/zero", (1,), "not a file"),
    Surrounding("a loop is named", "ln -s l.csv l.csv; iotctl ingest l.csv", (1,), "error"),
    Surrounding("pipes, sockets, devices, loops below", "iotctl ingest in", (0,), "1 file loaded", _odd_files),
    Surrounding("1,100 nested folders", "iotctl ingest in", (0, 1, 3), "loaded", _nested),
    Surrounding("names that are too long", f"iotctl ingest {'d/' * 3000}", (1,), "too long"),
    Surrounding("NUL in a manifest", r"printf 'a\0\ngood.csv\n' >m; iotctl ingest in --manifest m", (3,), "", _good),
    Surrounding("odd times of files", "iotctl ingest in --since 2016-01-01", (0,), "", _long_ago_and_far_ahead),
    Surrounding("the home of nobody", "iotctl ingest ~nobodyknows/x.csv", (4,), "no file"),
    Surrounding("a URL with a bracket", "iotctl ingest 'file://[x'", (4,), "no file"),
    Surrounding("a Latin-1 terminal", "PYTHONIOENCODING=ascii iotctl --help", (0,)),
    Surrounding("no home", "env -u HOME -u XDG_DATA_HOME iotctl status", (0,)),
]  # fmt: skip


@pytest.mark.parametrize("surrounding", SURROUNDINGS, ids=lambda surrounding: surrounding.name)
def test_a_clear_end_or_none_at_all(environment: dict[str, str], tmp_path: Path, surrounding: Surrounding) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    surrounding.prepare(folder)
    if " S " in surrounding.line:
        _loaded(environment, tmp_path)
    line = surrounding.line.replace("iotctl", shlex.quote(str(COMMAND))).replace(" S ", f" {A} ")
    ended = subprocess.run(
        ["bash", "-c", line], env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=100
    )
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    assert ended.returncode in surrounding.codes, ended.stderr
    assert surrounding.words in ended.stderr
    shutil.rmtree(folder, ignore_errors=True) if surrounding.prepare is not _nested else _remove(folder)


def _loaded(environment: dict[str, str], folder: Path) -> None:
    (folder / "first.csv").write_text(
        HEADER + "".join(f"2016-01-01 {i // 60:02}:{i % 60:02};{A};{i}\n" for i in range(99))
    )
    subprocess.run([COMMAND, "ingest", folder / "first.csv"], env=environment, check=True, capture_output=True)


def _remove(folder: Path) -> None:
    subprocess.run(["rm", "-rf", folder], check=True)  # rmtree is recursive, too


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("cd closed; iotctl status", 0),  # it is not known whether there is an .env inside
        ("cd open; iotctl status", 7),  # one does, and may not be read
        ("iotctl ingest closed", 6),
        ("iotctl load-mapping open/.env", 6),
        ("iotctl plan --rows 1M --sensors 5 --interval 5m -o closed/x", 2),
        ("iotctl runs -o closed/x", 1),
        ("IOTCTL_HOME=closed/home iotctl status", 1),
    ],
)
def test_what_may_not_be_read_is_named(environment: dict[str, str], tmp_path: Path, line: str, code: int) -> None:
    folder = Path("/tmp") / f"iotctl-test-{os.getpid()}"
    folder.mkdir()
    # Their own server, because they cannot use that of the tests.
    environment = environment | {"IOTCTL_DATABASE_URL": "", "IOTCTL_HOME": str(folder / "home")}
    if os.geteuid() == 0:
        python = ordinary_python()
        command = f"{python} -m iotctl"
        settings = environment | PACKAGES
        shutil.chown(folder, NOBODY)
    else:
        command, settings = str(COMMAND), environment
    try:
        (folder / "closed").mkdir()
        (folder / "open").mkdir()
        (folder / "open" / ".env").write_text("IOTCTL_TIMEZONE=UTC\n")
        (folder / "open" / ".env").chmod(0)
        (folder / "closed").chmod(0)
        if line.startswith("cd closed"):  # a shell that was there before it was closed
            (folder / "closed").chmod(0o755)
            line = line.replace("cd closed;", "cd closed; read; ")
        with subprocess.Popen(
            ["bash", "-c", line.replace("iotctl ", f"{command} ")],
            env=settings | {"HOME": "/nonexistent"},
            cwd=folder,
            user=NOBODY if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            time.sleep(0.3)
            (folder / "closed").chmod(0)
            _, said = process.communicate("\n", timeout=60)
        assert "Traceback" not in said
        assert process.returncode == code, said
    finally:
        (folder / "closed").chmod(0o700)
        shutil.rmtree(folder)


@pytest.mark.parametrize("after", [0.03, 0.1, 0.2, 0.3, 0.5])
@pytest.mark.parametrize("arguments", [["status"], ["detect", "--input", "a.csv"], ["--help"]])
def test_an_interrupt_while_the_program_loads_ends_it_without_a_word(
    environment: dict[str, str], tmp_path: Path, after: float, arguments: list[str]
) -> None:
    (tmp_path / "a.csv").write_text(
        "timestamp,value\n" + "".join(f"2016-01-01T{i // 60:02}:{i % 60:02}Z,{i}\n" for i in range(900))
    )
    with subprocess.Popen(
        [COMMAND, *arguments], env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        # From the first line of the program on: what comes before it is the interpreter's own.
        while process.poll() is None and not _handles_interrupts(process.pid):
            time.sleep(0.002)
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    # 0, 1: it was faster. Less than 0: it had ended its work, and the interpreter let go of signals.
    assert process.returncode in (0, 1, 130, -signal.SIGINT)
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    if process.returncode == 130:
        assert said == ""


def _handles_interrupts(pid: int) -> bool:
    """Whether a process has taken up the program: its command line is there, and SIGINT is caught."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        opened = Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return True
    caught = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt:"))
    # typer's modules are loaded after ours have begun.
    return bool(caught >> (signal.SIGINT - 1) & 1) and "_struct" in opened


NAMES = {
    "not UTF-8": b"caf\xe9.csv",
    "decomposed": "cafe\u0301 \u0161.csv".encode(),
    "newline": b"two\nlines.csv",
    "escape": b"\x1b[31mred\x07.csv",
    "emoji": "\U0001f321.csv".encode(),
    "blank": b" a .csv",
    "dash": b"--help.csv",
    "quote": b"'\";$(x)`.csv",
}


@pytest.mark.parametrize(
    ("name", "in_folder"),
    [
        (NAMES["not UTF-8"], False),
        (NAMES["newline"], True),
        *(pytest.param(name, False, marks=pytest.mark.faults) for name in list(NAMES.values())[1:]),
        pytest.param(NAMES["not UTF-8"], True, marks=pytest.mark.faults),
    ],
)
def test_files_of_any_name_are_loaded_and_listed(iotctl: Iotctl, tmp_path: Path, name: bytes, in_folder: bool) -> None:
    folder = tmp_path / os.fsdecode(name.removesuffix(b".csv")) if in_folder else tmp_path / "in"
    folder.mkdir()
    path = folder / ("a.csv" if in_folder else os.fsdecode(name))
    path.write_text(GOOD + "bad line\n")
    ended = iotctl("ingest", folder, "--json")
    assert ended.returncode == 3, ended.stderr
    assert json.loads(ended.stdout)["rows_loaded"] == 1
    assert json.loads(iotctl("ingest", f"./{path.relative_to(tmp_path)}", "--json").stdout)["files_unchanged"] == 1
    outputs = [ended.stderr]
    for arguments in (["runs"], ["rejects", "--format", "table"]):
        listed = iotctl(*arguments)
        assert listed.returncode == 0, listed.stderr
        outputs += [listed.stderr, listed.stdout if "table" in arguments else ""]
    of_file = json.loads(iotctl("rejects", "--file", str(path), "--format", "json").stdout)
    assert [(row["line"], row["text"]) for row in of_file] == [(3, "bad line")]
    for said in outputs:
        assert "\x1b" not in said
        assert "Traceback" not in said
    # --pattern, and what cannot be read at all
    chosen = iotctl("ingest", folder, "--dry-run", "--json", "--pattern", "*" + path.name[1:])
    assert json.loads(chosen.stdout)["files_unchanged"] == 1, chosen.stderr
    assert "1 file" in iotctl("forget", path, "--yes").stderr
    assert json.loads(iotctl("ingest", folder, "--json").stdout)["rows_loaded"] == 1
    path.write_bytes(b"\x00\x01\x02\n")
    for command in (["ingest", str(folder)], ["load-mapping", str(path)], ["detect", "--input", str(path)]):
        failed = iotctl(*command)
        assert failed.returncode in (1, 3), failed.stderr
        assert "Traceback" not in failed.stderr
        assert "\x1b" not in failed.stderr
    (tmp_path / "manifest").write_bytes(name + b"\ngood.csv\n")
    assert "Traceback" not in iotctl("ingest", folder, "--manifest", "manifest").stderr


def test_accents_may_be_typed_in_either_form(iotctl: Iotctl, tmp_path: Path) -> None:
    """Some systems keep the accent apart from its letter, keyboards do not."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "Mu\u0308nchen.csv").write_text(GOOD + "bad line\n")
    (tmp_path / "in" / "K\u00f6ln.csv").write_text(GOOD + "bad line\n")
    for typed in ("M\u00fcn*", "Mu\u0308n*", "K\u00f6*", "Ko\u0308*"):
        chosen = iotctl("ingest", "in", "--dry-run", "--json", "--pattern", typed)
        assert json.loads(chosen.stdout)["files"] == 1, typed
    assert iotctl("ingest", "in").returncode == 3
    for typed in ("M\u00fcn", "Mu\u0308n", "K\u00f6", "Ko\u0308"):
        assert len(json.loads(iotctl("rejects", "--file", typed, "--format", "json").stdout)) == 1, typed
