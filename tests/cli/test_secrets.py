"""No output has a secret, also if an address was mistyped."""

from __future__ import annotations

import io
import itertools
import os
import re
import subprocess
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from iotctl.cli.app import main
from iotctl.repositories import Database
from iotctl.secrets import passwordless
from tests.cli.conftest import Iotctl
from tests.process import COMMAND
from tests.store import free_port

# Every piece of a password is a word that occurs nowhere else.
_WORD = st.text("qxzjkvw", min_size=5, max_size=8)
_SPECIALS = ["/", "@", "%", "#", "?", ":", " ", "&", "=", "'", '"', "\\", "[", "]", "%zz", "%41", ",", "ü"]
_SPECIAL = st.sampled_from(_SPECIALS)
_PASSWORD = st.builds(
    lambda first, rest: first + "".join(special + word for special, word in rest),
    _WORD,
    st.lists(st.tuples(_SPECIAL, _WORD), max_size=3),
)

_DSNS = [
    "postgresql://me:{raw}@127.0.0.1:{port}/db",
    "postgresql://me:{quoted}@127.0.0.1:{port}/db",
    "postgres://me@corp:{raw}@127.0.0.1:{port}/db?sslmode=disable",
    "postgresql://127.0.0.1:{port}/db?user=me&password={raw}",
    "postgresql:///db?host=127.0.0.1&port={port}&password={quoted}&sslmode=nonsense",
    "postgresql+psycopg://me:{raw}@127.0.0.1:{port}/db",
    "postgres:/me:{raw}@127.0.0.1:{port}/db",
    "host=127.0.0.1 port={port} user=me password={raw} dbname=db",
    "host=127.0.0.1 port={port} user=me password='{raw}' dbname=db",
    "host=127.0.0.1 port={port} user=me dbname=db password={raw}",
    "me:{raw}@127.0.0.1:{port}/db",
]
_DSN = st.sampled_from(_DSNS)
_ENDPOINT = st.sampled_from(
    [
        "http://key:{raw}@127.0.0.1:{port}",
        "https://key:{quoted}@127.0.0.1:{port}/",
        "http://{raw}@127.0.0.1:{port}",
        "key:{raw}@127.0.0.1:{port}",
        "127.0.0.1:{port}?token={raw}",
    ]
)

_PORT = free_port()  # no server listens: a wrong address is an error immediately
_BASE = {"IOTCTL_S3_ACCESS_KEY": "key", "IOTCTL_S3_SECRET_KEY": "other", "IOTCTL_S3_REGION": "us-east-1"}


def _filled(form: str, password: str) -> str:
    return form.format(raw=password, quoted=quote(password, safe=""), port=_PORT)


def _pieces(password: str) -> set[str]:
    """What must not be seen: the password as it is, decoded, encoded, and each of its words."""
    forms = {password, unquote(password), quote(password), quote(password, safe="")}
    return forms | set(re.findall("[qxzjkvw]{5,}", password + " " + unquote(password)))


def _assert_unseen(password: str, *outputs: str) -> None:
    for output in outputs:
        seen = {piece for piece in _pieces(password) if piece in output}
        assert not seen, output


def _run(arguments: list[str], environment: dict[str, str]) -> str:
    """The whole output of the command, in this process."""
    said = io.StringIO()
    with (
        mock.patch.dict(os.environ, _BASE | environment),
        mock.patch.object(sys, "argv", ["iotctl", *arguments]),
        redirect_stdout(said),
        redirect_stderr(said),
        pytest.raises(SystemExit),
    ):
        main()
    return said.getvalue()


_EXAMPLES = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@_EXAMPLES
@given(_DSN, _PASSWORD, st.sampled_from([["status"], ["--debug", "status"], ["--log-format", "json", "runs"]]))
@example("postgresql://me:{raw}@127.0.0.1:{port}/db", "qxzjk/qqqqq", ["status"])
@example("postgresql://me:{raw}@127.0.0.1:{port}/db", "qxzjk@qqqqq", ["--debug", "status"])
@example("postgresql://me:{raw}@127.0.0.1:{port}/db", "qxzjk%zzqqqqq", ["--debug", "status"])
def test_the_password_of_the_database_is_in_no_output(form: str, password: str, arguments: list[str]) -> None:
    _assert_unseen(password, _run(arguments, {"IOTCTL_DATABASE_URL": _filled(form, password)}))


@pytest.mark.parametrize("form", _DSNS)
def test_each_special_character_in_a_password_is_in_no_error_and_no_repr(form: str) -> None:
    for first, second in itertools.product(_SPECIALS, ["", *_SPECIALS]):
        _assert_unseen_in_errors(form, f"qqqqqqq{first}xxxxxxx{second}zzzzzzz")


@_EXAMPLES
@given(_DSN, _PASSWORD)
def test_the_password_of_the_database_is_in_no_error_and_no_repr(form: str, password: str) -> None:
    _assert_unseen_in_errors(form, password)


def _assert_unseen_in_errors(form: str, password: str) -> None:
    database = Database(_filled(form, password))
    try:
        with database.connect():
            pass
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the subject
        _assert_unseen(password, "".join(traceback.format_exception(error)), repr(error))
    _assert_unseen(password, repr(database), database.address)


@settings(_EXAMPLES, max_examples=20)
@given(_ENDPOINT, _PASSWORD, st.booleans())
def test_what_stands_in_the_address_of_the_store_is_in_no_output(form: str, password: str, debug: bool) -> None:
    uri = "s3://bucket/mapping.csv"
    environment = {"IOTCTL_S3_ENDPOINT_URL": _filled(form, password), "IOTCTL_DATABASE_URL": "postgresql://h:1/d"}
    debugging = ["--debug"] if debug else []
    # A dead store is asked four times, with waits between; only what is refused at once is quick enough.
    if "@" in environment["IOTCTL_S3_ENDPOINT_URL"] or "://" not in environment["IOTCTL_S3_ENDPOINT_URL"]:
        _assert_unseen(password, _run([*debugging, "detect", "--input", uri], environment))
        _assert_unseen(password, _run(["--log-format", "json", *debugging, "detect", "--input", uri], environment))


@settings(_EXAMPLES, max_examples=20)
@given(_PASSWORD, st.booleans())
def test_keys_in_the_address_of_a_file_a_scheduler_or_a_webhook_are_in_no_output(password: str, debug: bool) -> None:
    debugging = ["--debug"] if debug else []
    for arguments in (
        ["detect", "--input", f"s3://key:{password}@bucket/x.csv"],
        ["detect", "--input", f"https://key:{password}@host/x.csv"],
        ["ingest", "--scheduler", f"tcp://key:{password}@host:8786"],
        ["detect", "--all", "--save", "--notify", f"https://key:{password}@host/x"],
        ["detect", "--all", "--save", f"--notify=key:{password}@host/x"],
    ):
        output = _run([*debugging, *arguments], {"IOTCTL_DATABASE_URL": f"postgresql://me@127.0.0.1:{_PORT}/db"})
        _assert_unseen(password, output)


@_EXAMPLES
@given(_DSN | _ENDPOINT | st.just("s3://key:{raw}@bucket/x") | st.just("--scheduler=tcp://a:{raw}@h:1"), _PASSWORD)
def test_a_command_line_is_shown_without_what_may_be_a_secret(form: str, password: str) -> None:
    if "://" not in form:
        return  # such a word cannot be told from the name of a file
    shown = passwordless(_filled(form, password))
    # In a list of options without quotes only the first word after password= is known to belong to it.
    if "password={raw}" in form and "://" not in form:
        return
    _assert_unseen(password, shown)


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("postgresql://me:p%40ss@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("s3://bucket/2016/a@b.csv", "s3://bucket/2016/a@b.csv"),
        ("--pattern=2016/*.csv", "--pattern=2016/*.csv"),
        ("--scheduler=tcp://u:pw@host:8786", "--scheduler=tcp://u:***@host:8786"),
        ("https://host/x?sig=abc", "https://host/x?***"),
        ("host=h password='a b' user=me", "host=h password=*** user=me"),
    ],
)
def test_of_a_word_only_what_may_be_secret_is_left_out(word: str, shown: str) -> None:
    assert passwordless(word) == shown


@pytest.mark.parametrize("password", ["hunter2word/tail5words", "hunter2word@tail5words", "hunter2word%zztail5words"])
def test_doctor_and_runs_and_tracebacks_of_a_process_hold_no_secret(iotctl: Iotctl, password: str) -> None:
    url = f"postgresql://me:{password}@127.0.0.1:1/db"
    options = f"host=127.0.0.1 port=1 password={password} x y"
    for address, arguments in itertools.product(
        (url, options), (["doctor"], ["--debug", "runs"], ["--log-format", "json", "--debug", "status"])
    ):
        ended = iotctl(*arguments, IOTCTL_DATABASE_URL=address)
        assert ended.returncode in (5, 7)
        assert "hunter2word" not in ended.stdout + ended.stderr
        assert "tail5words" not in ended.stdout + ended.stderr
    store = f"http://key:{password}@127.0.0.1:1"
    ended = iotctl("--debug", "doctor", IOTCTL_S3_ENDPOINT_URL=store)
    assert ended.returncode == 7
    assert "IOTCTL_S3_ENDPOINT_URL" in ended.stdout
    assert "tail5words" not in ended.stdout + ended.stderr


def test_the_history_shows_a_command_without_its_secrets(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("timestamp;sensor_uuid;sensor_value\n")
    for word in (
        "s3://key:hunter2word/x@bucket/y",
        "s3://key:hunter2[word@bucket/y",
        "postgresql://me:hunter2word@h/d",
    ):
        assert iotctl("ingest", word).returncode not in (0, 3)
    shown = iotctl("runs", "--format", "csv").stdout
    assert shown.count("iotctl ingest") == 3
    assert "hunter2" not in shown


def test_a_defect_of_ours_shows_no_secret_either(environment: dict[str, str], tmp_path: Path) -> None:
    """Python's own traceback would show the text of an error that nobody expects."""
    code = (
        "import sys, iotctl.cli.app as app\n"
        "from iotctl.settings import read_settings\n"
        "def fail():\n"
        "    raise KeyError(f'odd: {read_settings().database_url.get_secret_value()}')\n"
        "app.app = fail\n"
        "app.main()"
    )
    url = "postgresql://me:hunter2word@127.0.0.1/db"
    ended = subprocess.run(
        [COMMAND.parent / "python", "-c", code],
        env=environment | {"IOTCTL_DATABASE_URL": url},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "KeyError" in ended.stderr
    assert "hunter2word" not in ended.stderr
