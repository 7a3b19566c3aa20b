"""Settings from the environment and .env; read only by the command line."""

from __future__ import annotations

import re
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from iotctl.errors import ConfigurationError
from iotctl.timezones import zone_name


class Settings(BaseSettings):
    """Every setting is the upper-case name with IOTCTL_ before it; the environment goes before .env."""

    model_config = SettingsConfigDict(env_prefix="IOTCTL_", env_file=".env", env_ignore_empty=True, extra="ignore")

    database_url: SecretStr | None = None
    s3_endpoint_url: str | None = None
    s3_access_key: str | None = None
    s3_secret_key: SecretStr | None = None
    s3_region: str | None = None
    s3_ca_file: Path | None = None
    s3_verify_tls: bool = True
    mapping_uri: str = "s3://code-challenge-data/mapping/mapping.csv"
    timeseries_uri: str = "s3://code-challenge-data/timeseries/"
    timezone: str = "Europe/Berlin"
    chunk_interval: str | None = None
    workers: int | None = Field(default=None, ge=1, le=256)
    scheduler: str | None = None
    notify_url: SecretStr | None = None
    home: Path = Field(default_factory=lambda: user_data_path("iotctl", appauthor=False))

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return zone_name(name)

    @field_validator("chunk_interval")
    @classmethod
    def _is_hours_or_days(cls, text: str | None) -> str | None:
        if text is not None and not re.fullmatch(r"[1-9][0-9]{0,4}[hdw]", text):
            raise ValueError("write hours, days or weeks: 12h, 30d, 13w")
        return text

    @field_validator("home")
    @classmethod
    def _is_absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()


def read_settings() -> Settings:
    """The settings as they are now. Raises ConfigurationError, with the setting's name but never its value."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = "IOTCTL_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigurationError(
            f"{name} cannot be used: {first['msg']}.", hint="Set it in the environment or in .env; see .env.example."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(".env is not UTF-8 text.", hint="Save it as UTF-8.") from error
