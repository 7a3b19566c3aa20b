"""iotctl init."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import typer

from iotctl.cli.commands.doctor import doctor
from iotctl.cli.options import ForceOption, SummaryOutput
from iotctl.cli.output.log import say
from iotctl.env_files import ENV_FILE_VARIABLE, PREFIX
from iotctl.errors import UsageError
from iotctl.secrets import remember, remember_address
from iotctl.settings import Settings
from iotctl.settings_file import already_there, check_values, settings_text, write_settings

# Asked for, and not an option: other users of the machine can see command lines.
_SECRET = "s3_secret_key"  # noqa: S105 -- a name


@dataclass(frozen=True, slots=True)
class SettingOptions:
    """Settings as options, with the names of the settings."""

    database_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="postgresql://USER@HOST:5432/DATABASE. Default: the embedded server."),
    ] = None
    timeseries_uri: Annotated[
        str | None, typer.Option(metavar="URI", help="The place of the readings: s3://BUCKET/PREFIX, or a folder.")
    ] = None
    mapping_uri: Annotated[
        str | None, typer.Option(metavar="URI", help="The table of sensor names: s3://BUCKET/KEY, or a file.")
    ] = None
    s3_endpoint_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The address of the store, with http:// or https://. Default: AWS."),
    ] = None
    s3_access_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The access key of the store. init asks for the secret key.")
    ] = None
    s3_region: Annotated[str | None, typer.Option(metavar="NAME", help="The region of the store.")] = None
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="The zone of times without an offset, and of output.")
    ] = None

    @property
    def values(self) -> dict[str, str]:
        """Name of a setting -> its given value."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name))}


def init(
    given: SettingOptions,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")] = Path(".env"),
    force: ForceOption = False,
) -> None:
    """Write a settings file that only you can read, and check the settings as doctor does.

    Without options, it asks on a terminal. It takes the secret key of a store from IOTCTL_S3_SECRET_KEY, or asks for
    it. Other settings are in the file as comments. The exit code is that of doctor.

    Example: iotctl init --timeseries-uri exports/ --timezone Europe/Berlin
    """
    if output.exists() and not force:
        raise already_there(output)
    values = given.values
    if not values:
        if not sys.stdin.isatty():
            raise UsageError(
                "No option is given, and there is no terminal for questions.",
                hint="See the options: iotctl init --help",
            )
        values = _asked()
    if values.get("s3_access_key") and (secret := os.environ.get(PREFIX + _SECRET.upper()) or _ask_secret()):
        values[_SECRET] = secret
    values |= {name: _whole(values[name]) for name in ("timeseries_uri", "mapping_uri") if name in values}
    remember_address(values.get("database_url"))
    remember(values.get(_SECRET))
    check_values(values)
    write_settings(output, settings_text(values), replace=force)
    say(f"written: {output.absolute()}, which only you can read")
    os.environ[ENV_FILE_VARIABLE] = str(output.absolute())
    doctor(SummaryOutput())


def _asked() -> dict[str, str]:
    """Answers from the terminal; an empty answer leaves a setting as it is."""
    typer.echo("An empty answer takes the value in brackets.", err=True)
    values: dict[str, str] = {}
    _ask("database_url", "Database, postgresql://USER@HOST:5432/DATABASE [the embedded server]", values)
    _ask("timeseries_uri", f"Readings, a folder or s3://BUCKET/PREFIX [{_default('timeseries_uri')}]", values)
    usual = "none" if "timeseries_uri" in values else _default("mapping_uri")
    _ask("mapping_uri", f"Sensor names, a file or s3://BUCKET/KEY [{usual}]", values)
    uris = (values.get("timeseries_uri", _default("timeseries_uri")), values.get("mapping_uri", ""))
    if any(uri.startswith("s3://") for uri in uris):
        _ask("s3_endpoint_url", "Address of the store, http://HOST:9000 [AWS]", values)
        _ask("s3_access_key", "Access key of the store [that of the AWS chain]", values)
        _ask("s3_region", "Region of the store [that of the AWS chain]", values)
    _ask("timezone", f"Zone of times without an offset [{_default('timezone')}]", values)
    return values


def _ask(name: str, question: str, values: dict[str, str]) -> None:
    """Ask for a setting, and keep the answer if it is not empty."""
    answer = str(typer.prompt(question, default="", show_default=False, err=True)).strip()
    if answer:
        check_values({name: answer})
        values[name] = answer


def _ask_secret() -> str | None:
    if not sys.stdin.isatty():
        return None
    question = "Secret key of the store, not shown"
    answer = typer.prompt(question, default="", show_default=False, hide_input=True, err=True)
    return str(answer) or None


def _whole(uri: str) -> str:
    """A URI as it is, a path made absolute."""
    return uri if "://" in uri else str(Path(uri).expanduser().absolute())


def _default(name: str) -> str:
    return str(Settings.model_fields[name].default)
