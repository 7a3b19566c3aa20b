"""The file from which settings are read; and errors for mistyped names."""

from __future__ import annotations

from pathlib import Path

import pytest

from iotctl.errors import ConfigurationError
from iotctl.settings import read_settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """IOTCTL_HOME, with the folder `here` beside it as the working directory."""
    for folder in ("home", "here"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("IOTCTL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


def test_the_file_that_is_named_goes_before_the_one_here_and_that_before_the_one_in_home(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_settings().timezone == "Europe/Berlin"
    (home / ".env").write_text("IOTCTL_TIMEZONE=UTC\nIOTCTL_WORKERS=3\n")
    assert (read_settings().timezone, read_settings().workers) == ("UTC", 3)
    here = Path(".env")
    here.write_text("PORT=80\nSECRET=x\n")  # of another program
    assert read_settings().timezone == "UTC"
    here.write_text("PORT=80\nIOTCTL_TIMEZONE=Asia/Tokyo\n")
    assert (read_settings().timezone, read_settings().workers) == ("Asia/Tokyo", None)
    (home / "cron.env").write_text("IOTCTL_TIMEZONE=America/Lima\n")
    monkeypatch.setenv("IOTCTL_ENV_FILE", str(home / "cron.env"))
    assert read_settings().timezone == "America/Lima"
    monkeypatch.setenv("IOTCTL_TIMEZONE", "Asia/Kabul")
    assert read_settings().timezone == "Asia/Kabul"
    monkeypatch.setenv("IOTCTL_ENV_FILE", "missing.env")
    with pytest.raises(ConfigurationError, match=r"no file missing\.env"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("IOTCTL_DATABSE_URL", "IOTCTL_DATABASE_URL"),
        ("IOTCTL_DATABASE_URI", "IOTCTL_DATABASE_URL"),
        ("iotctl_s3_endpoint", "IOTCTL_S3_ENDPOINT_URL"),
        ("IOTCTL_TIME_ZONE", "IOTCTL_TIMEZONE"),
    ],
)
def test_a_mistyped_setting_is_an_error_that_names_the_right_one_and_no_value(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, nearest: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv(name, "s3cret")
        with pytest.raises(ConfigurationError) as raised:
            read_settings()
    assert str(raised.value).splitlines() == [
        f"There is no setting {name}.",
        "  in the environment",
        f"  Did you mean {nearest}?",
    ]
    (home / ".env").write_text(f"{name}=s3cret\n")
    with pytest.raises(ConfigurationError) as raised:
        read_settings()
    assert raised.value.where == f"in {home / '.env'}"


def test_a_name_like_no_setting_is_an_error_too_and_those_of_others_are_not(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("IOTCTL_SERVICE_HOST", "IOTCTL_PORT_80_TCP", "IOTCTL_PORT", "IOTCTL_TEST_X", "OTHER_IOTCTL_HOME"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("IOTCTL_WORKERS", "")  # as good as none
    assert read_settings().workers is None
    monkeypatch.setenv("IOTCTL_XYZZY", "1")
    with pytest.raises(ConfigurationError, match="There is no setting IOTCTL_XYZZY"):
        read_settings()
