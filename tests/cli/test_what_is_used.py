"""A command says which database and store it uses with --verbose, and where it could be a surprise."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Iotctl


def test_an_empty_embedded_database_is_told_unasked_and_all_of_it_with_verbose(
    iotctl: Iotctl, environment: dict[str, str], tmp_path: Path
) -> None:
    del environment["IOTCTL_DATABASE_URL"]
    home = tmp_path / "home"
    environment["IOTCTL_HOME"] = str(home)
    ended = iotctl("--verbose", "sensors", "--format", "csv")
    assert ended.returncode == 0
    assert ended.stdout.startswith("sensor,unit,")
    used, empty, nothing = ended.stderr.splitlines()
    assert nothing == "No sensor matches. iotctl ingest and iotctl load-mapping add sensors."
    store = environment["IOTCTL_S3_ENDPOINT_URL"]
    assert used == f"database: embedded in {home}; store: {store}; times: Europe/Berlin; settings: environment"
    assert empty == f"The embedded database in {home} is empty. It is used because IOTCTL_DATABASE_URL is not set."
    (tmp_path / "a.csv").write_text(
        "timestamp;sensor_uuid;sensor_value\n2016-01-01T00:00Z;6f2c1d0a-1111-4222-8333-444455556666;1\n"
    )
    assert iotctl("ingest", "a.csv").returncode == 0
    (home / ".env").write_text("IOTCTL_TIMEZONE=UTC\n")
    ended = iotctl("query", "6f2c1d0a-1111-4222-8333-444455556666", "2016-01-01", "2016-01-02", "--verbose")
    assert ended.stderr.splitlines() == [used.replace("Europe/Berlin", "UTC") + f", {home / '.env'}"]
    assert "2016-01-01T00:00:00+00:00,1.0" in ended.stdout


def test_a_server_is_named_without_its_password(iotctl: Iotctl, environment: dict[str, str], tmp_path: Path) -> None:
    url = environment.pop("IOTCTL_DATABASE_URL")
    (tmp_path / "cron.env").write_text(f"IOTCTL_DATABASE_URL={url} password=s3cretW0rd\n")
    ended = iotctl("status", "--env-file", "cron.env", "--verbose")
    assert ended.returncode == 0
    (used,) = ended.stderr.splitlines()
    assert used.startswith("database: postgres@/")
    assert used.endswith(f"settings: environment, {tmp_path / 'cron.env'}")
    assert "s3cretW0rd" not in used + ended.stdout
