"""One settings object, from nhiwatch.toml and NHIWATCH_* variables; made once, passed down.

The only module that reads the environment; with `pipeline.cli`, the only one that reads the clock.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipeline.buckets import Location, located
from pipeline.errors import SettingsError
from pipeline.lake import Lake

FILE = "nhiwatch.toml"


class Settings(BaseSettings):
    """Every setting, its unit and its default. A variable NHIWATCH_<NAME> goes before the file."""

    model_config = SettingsConfigDict(
        env_prefix="NHIWATCH_", env_nested_delimiter="__", toml_file=FILE, extra="forbid"
    )

    lake: Annotated[Location, BeforeValidator(located)] = Field(
        Path("lake"), description="Where the Delta tables are: a folder, or the URL of one"
    )
    memory_limit: str = Field("1GiB", description="DuckDB's memory, a size such as 1GiB")
    threads: int | None = Field(None, description="DuckDB's threads; default: every core")
    history_days: int = Field(30, ge=1, description="Days of history before a judged day")
    batch_bytes: int = Field(
        48 * 1024**2, ge=1024, description="Text of records that one commit holds, in bytes"
    )
    max_record_bytes: int = Field(
        16 * 1024**2, ge=1024, description="A longer record is rejected, in bytes"
    )
    reject_text_bytes: int = Field(
        65_536, ge=0, description="How much of a rejected text is kept, in bytes"
    )
    listing_lookback_days: int = Field(
        2,
        ge=0,
        le=36_500,
        description="A bucket's days are listed again this long, for objects that come late",
    )
    inventory: Path | None = Field(
        None, description="CSV or JSON of declared identities (owner, purpose, limits)"
    )
    network_database: Path | None = Field(
        None, description="A geoip2fast .dat.gz in place of the built-in one"
    )
    content: dict[str, Literal["keep", "fingerprint", "drop"]] = Field(
        default_factory=dict,
        description="How prompts, arguments and results land: keep | fingerprint | drop, by "
        "source; `default` is for the sources not named",
    )
    salt_file: Path | None = Field(
        None, description="The secret of fingerprints; default: beside the lake, <lake>.salt"
    )
    detectors: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Thresholds by detector: [detectors.<id>]"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the command line says, then the environment, then nhiwatch.toml."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def open_lake(self) -> Lake:
        """The lake these settings name."""
        return Lake(self.lake, memory_limit=self.memory_limit, threads=self.threads)


def load(**given: Any) -> Settings:
    """The settings, with those given in place of what file and environment say.

    An error names each setting that is unknown or of the wrong kind, in one line.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}, got {fault['input']!r}"
            for fault in error.errors()
        )
        raise SettingsError(f"settings ({FILE} or NHIWATCH_*): {faults}") from None
    except ValueError as error:
        raise SettingsError(f"{FILE}: expected TOML, got {error}") from None


def utc_now() -> datetime:
    """The present moment, to the microsecond."""
    return datetime.now(tz=timezone.utc)


def new_run_id() -> str:
    """A fresh id of a run, sortable by time of making."""
    return f"{utc_now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
