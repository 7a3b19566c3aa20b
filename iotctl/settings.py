"""Settings from the environment and .env, for the command line, the Python API and the workers of a cluster."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from iotctl.env_files import PREFIX, check_names, default_home, env_file, where_set
from iotctl.errors import ConfigurationError
from iotctl.model import ColumnstoreWriter
from iotctl.moments import zone_hint
from iotctl.secrets import remember, remember_address, remember_path
from iotctl.timezones import zone_name
from iotctl.wrong_values import WrongValueError, advice_on, wrong_with

if TYPE_CHECKING:
    from iotctl.sources import StoreSettings


class Settings(BaseSettings):
    """All settings. Names in the environment: upper case, with IOTCTL_ before. The environment goes before .env."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    database_url: SecretStr | None = Field(
        default=None,
        description="A PostgreSQL 15 or newer, with or without TimescaleDB. Without it the embedded server is used. "
        "Percent-encode special characters of the password, or set PGPASSWORD.",
    )
    home: Path = Field(
        default_factory=default_home,
        description="The folder for the data of the embedded server. Default: the user's data folder.",
    )
    s3_endpoint_url: str | None = Field(
        default=None, repr=False, description="The address of the store, with http:// or https://. Default: AWS."
    )
    s3_access_key: str | None = Field(
        default=None, repr=False, description="The access key of the store. Default: the AWS chain."
    )
    s3_secret_key: SecretStr | None = Field(
        default=None, description="The secret key of the store. Default: the AWS chain."
    )
    s3_region: str | None = Field(default=None, description="The region of the store. Default: the AWS chain.")
    s3_ca_file: Path | None = Field(
        default=None,
        description="A file (PEM) with the certificate authority of the store, for https with a certificate of your "
        "own. Default: the authorities of the machine.",
    )
    s3_verify_tls: bool = Field(default=True, description="Whether the certificate of the store is checked.")
    mapping_uri: str = Field(
        default="s3://code-challenge-data/mapping/mapping.csv",
        repr=False,
        description="The mapping for load-mapping: s3://BUCKET/KEY, or a path.",
    )
    timeseries_uri: str = Field(
        default="s3://code-challenge-data/timeseries/",
        repr=False,
        description="The readings for ingest and verify: s3://BUCKET/PREFIX, or a folder.",
    )
    timezone: str = Field(
        default="Europe/Berlin",
        description="The zone of times without an offset in files and arguments, of output, and of the days and weeks "
        "of sensors: a name, or an offset such as +01:00 or UTC+1 (both east of Greenwich).",
    )
    holidays: str | None = Field(
        default=None,
        description="Countries and regions with public holidays that detect treats like Sundays: DE-BW, or several "
        "with commas. Needs iotctl[holidays].",
    )
    layout: str | None = Field(
        default=None, description="The layout of files if --layout is not given: a layout file, or a name."
    )
    chunk_interval: str | None = Field(
        default=None,
        description="TimescaleDB: the length of new chunks, such as 7d. Default: 30d. `iotctl status` suggests a "
        "length.",
    )
    columnstore_writer: ColumnstoreWriter = Field(
        default=ColumnstoreWriter.AUTO,
        description="TimescaleDB: who compresses readings. auto: iotctl, on tested releases, else TimescaleDB. direct: "
        "TimescaleDB, by direct compress; the next ingest drops the primary key for it.",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Number of files or sensors worked on at once. Default: one per core; for files at least 2.",
    )
    scheduler: str | None = Field(
        default=None, repr=False, description="The address of a Dask scheduler, for ingest, detect and quality."
    )
    notify_url: SecretStr | None = Field(
        default=None,
        description="The webhook for events of detect --save and --since-last. The address may hold a secret.",
    )

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            return zone_name(name)
        except ValueError as error:
            raise WrongValueError(f"cannot be used: {error}", zone_hint(name)) from None

    @field_validator("chunk_interval")
    @classmethod
    def _is_hours_or_days(cls, text: str | None) -> str | None:
        if text is not None and not re.fullmatch(r"[1-9][0-9]{0,4}[hdw]", text):
            raise WrongValueError("is not a number of hours, days or weeks", "Write it as 12h, 30d or 13w.")
        return text

    @field_validator("home")
    @classmethod
    def _is_absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()


SETTING_NAMES = frozenset(PREFIX + name.upper() for name in Settings.model_fields)


def read_settings() -> Settings:
    """The current settings. From now on, no line of output shows their secrets.

    Raises ConfigurationError with the name of a setting, never with its value.
    """
    try:
        path = env_file()
        check_names(SETTING_NAMES, path)
        settings = Settings(_env_file=path)  # type: ignore[call-arg]  # pydantic-settings takes it
    except ValidationError as error:
        raise unusable(error) from None
    except RuntimeError as error:  # a user without a home folder
        raise ConfigurationError("There is no folder for the user's data.", hint="Set IOTCTL_HOME.") from error
    _remember_secrets(settings)
    return settings


def unusable(error: ValidationError, *, is_set: bool = True) -> ConfigurationError:
    """The error for a value that cannot be used: it names the setting, not the value. is_set: and where it is set."""
    details = error.errors(include_url=False, include_input=False)[0]
    name = PREFIX + "_".join(str(part) for part in details["loc"]).upper()
    return ConfigurationError(
        f"{name} {wrong_with(details)}.",
        where=where_set(name) if is_set else None,
        hint=advice_on(details) or f"Change {name}; see .env.example.",
    )


def store_settings(settings: Settings) -> StoreSettings:
    """How to reach the store."""
    from iotctl.sources import StoreSettings

    secret = settings.s3_secret_key
    return StoreSettings(
        endpoint_url=settings.s3_endpoint_url,
        access_key=settings.s3_access_key,
        secret_key=secret.get_secret_value() if secret else None,
        region=settings.s3_region,
        ca_file=None if settings.s3_ca_file is None else str(settings.s3_ca_file.expanduser()),
        verify_tls=settings.s3_verify_tls,
    )


def _remember_secrets(settings: Settings) -> None:
    addresses = [settings.s3_endpoint_url, settings.scheduler, settings.mapping_uri, settings.timeseries_uri]
    if settings.database_url is not None:
        addresses.append(settings.database_url.get_secret_value())
    # Variables of libpq, the AWS chain and proxies.
    addresses += [value for name, value in os.environ.items() if name.lower().endswith("_proxy")]
    for address in addresses:
        remember_address(address)
    remember(*(os.environ.get(name) for name in ("PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")))
    if settings.s3_secret_key is not None:
        remember(settings.s3_secret_key.get_secret_value())
    if settings.notify_url is not None:
        remember_path(settings.notify_url.get_secret_value())
