"""iotctl init writes the given settings, readable only by their user, and never overwrites others."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from iotctl.errors import ConfigurationError
from iotctl.settings_file import check_values, settings_text
from tests.cli.conftest import Iotctl
from tests.process import COMMAND

printable = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1)


@given(printable.filter(lambda text: "${" not in text and text.isprintable()))
def test_a_value_is_read_as_it_was_given(value: str) -> None:
    check_values({"layout": value})
    assert dotenv_values(stream=io.StringIO(settings_text({"layout": value}))) == {"IOTCTL_LAYOUT": value}


@pytest.mark.parametrize("value", ["a\nIOTCTL_HOME=/", "${HOME}"])
def test_a_value_that_a_file_would_change_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="IOTCTL_LAYOUT cannot be written"):
        check_values({"layout": value})


def test_options_are_written_checked_and_never_over_a_file_that_is_there(
    iotctl: Iotctl, environment: dict[str, str], tmp_path: Path
) -> None:
    url = environment.pop("IOTCTL_DATABASE_URL")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("timestamp;sensor_uuid;sensor_value\n")
    options = ("init", "--database-url", url, "--timeseries-uri", "in", "--timezone", "UTC")
    ended = iotctl(*options)
    assert ended.returncode == 0, ended.stderr
    assert f"from the environment and {tmp_path / '.env'}; times without an offset: UTC" in ended.stdout
    assert f"{tmp_path}/in/a.csv" in ended.stdout
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    given = {"IOTCTL_DATABASE_URL": url, "IOTCTL_TIMEZONE": "UTC", "IOTCTL_TIMESERIES_URI": f"{tmp_path}/in"}
    assert dotenv_values(tmp_path / ".env") == given
    again = iotctl("init", "--timezone", "Asia/Tokyo")
    assert (again.returncode, again.stdout) == (2, "")
    assert "already; nothing was written" in again.stderr
    assert dotenv_values(tmp_path / ".env") == given
    wrong = iotctl("init", "--timezone", "Mars", "--force")
    assert (wrong.returncode, "IOTCTL_TIMEZONE cannot be used: there is no time zone" in wrong.stderr) == (7, True)
    assert dotenv_values(tmp_path / ".env") == given
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "in"]


def test_on_a_terminal_it_asks_and_shows_no_secret_key(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text("sensor_name;sensor_uuid\n")
    url, secret = environment.pop("IOTCTL_DATABASE_URL"), environment.pop("IOTCTL_S3_SECRET_KEY")
    endpoint, key = environment.pop("IOTCTL_S3_ENDPOINT_URL"), environment.pop("IOTCTL_S3_ACCESS_KEY")
    answers = [url, "s3://missing/", "map.csv", endpoint, key, "us-east-1", ""]
    shown, terminal = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "init"], env=environment, cwd=tmp_path, stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    os.write(shown, "".join(f"{answer}\n" for answer in answers).encode())
    said = ""
    while "not shown:" not in said:
        said += os.read(shown, 1000).decode()
    time.sleep(0.2)  # what is typed before the terminal has stopped to show it is thrown away
    os.write(shown, f"{secret}\n".encode())
    with suppress(OSError):  # the other end is closed
        while more := os.read(shown, 1000):
            said += more.decode()
    process.wait()
    os.close(shown)
    assert dotenv_values(tmp_path / ".env") == {
        "IOTCTL_DATABASE_URL": url,
        "IOTCTL_MAPPING_URI": str(tmp_path / "map.csv"),
        "IOTCTL_TIMESERIES_URI": "s3://missing/",
        "IOTCTL_S3_ENDPOINT_URL": endpoint,
        "IOTCTL_S3_ACCESS_KEY": key,
        "IOTCTL_S3_SECRET_KEY": secret,
        "IOTCTL_S3_REGION": "us-east-1",
    }
    assert secret not in said
    assert "ok  mapping" in said
    assert "NO  time series" in said  # doctor has asked the store with these keys, and there is no such bucket
    assert process.returncode == 4
