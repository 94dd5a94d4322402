"""One settings object, from nhiwatch.toml and NHIWATCH_* variables; made once, passed down.

The only module that reads the environment; with `pipeline.cli`, the only one that reads the clock.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ByteSize, ConfigDict, Field, ValidationError
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
_A_YEAR = 366 * 24 * 3600


class Retention(BaseModel):
    """For how many days what is kept: by the day of an event, or of what else a table tells of.

    Without a number it is kept for good, as `ingests` and `triage` always are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    texts_days: int | None = Field(
        default=None, ge=1, description="raw, prompt, tool_arguments and tool_result of events"
    )
    events_days: int | None = Field(default=None, ge=1, description="events")
    rollups_days: int | None = Field(
        default=None, ge=1, description="daily roll-ups and judgements"
    )
    scores_days: int | None = Field(default=None, ge=1, description="scores")
    findings_days: int | None = Field(default=None, ge=1, description="findings")
    rejects_days: int | None = Field(
        default=None, ge=1, description="rejects, by when they were rejected"
    )
    runs_days: int | None = Field(default=None, ge=1, description="runs, and files begun")


class Settings(BaseSettings):
    """Every setting, its unit and its default. A variable NHIWATCH_<NAME> goes before the file."""

    model_config = SettingsConfigDict(
        env_prefix="NHIWATCH_", env_nested_delimiter="__", toml_file=FILE, extra="forbid"
    )

    lake: Annotated[Location, BeforeValidator(located)] = Field(
        Path("lake"), description="Where the Delta tables are: a folder, or the URL of one"
    )
    memory_limit: ByteSize = Field(
        ByteSize(1 << 30),
        ge=256 << 20,
        description="The memory that an ingest keeps to, though it takes some 720 MB at the least, "
        "and DuckDB otherwise: a size such as 1GiB",
    )
    threads: int | None = Field(None, description="DuckDB's threads; default: every core")
    history_days: int = Field(30, ge=1, description="Days of history before a judged day")
    batch_bytes: int | None = Field(
        None,
        ge=1024,
        description="Text of records that are parsed together, in bytes; default: by memory_limit",
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
    settle_seconds: float = Field(
        5,
        ge=0,
        le=_A_YEAR,
        description="Following, a compressed file or a document is read once unchanged this long",
    )
    give_up_seconds: float = Field(
        600,
        ge=0,
        le=_A_YEAR,
        description="Following, what is cut off (half a line) is read so once unchanged this long",
    )
    inventory: Path | None = Field(
        None, description="CSV or JSON of declared identities (owner, purpose, limits)"
    )
    network_database: Path | None = Field(
        None, description="A geoip2fast .dat.gz in place of the built-in one"
    )
    compact_small_files: int = Field(
        8, ge=1, description="A partition with more small files than this is compacted after a run"
    )
    compact_target_bytes: int = Field(
        128 * 1024**2,
        ge=1024**2,
        description="Size of a file after compaction, in bytes; below half of it one is small",
    )
    keep_hours: int = Field(
        168,
        ge=0,
        description="Hours that replaced files are kept for readers and `sql --at RUN_ID`",
    )
    retention: Retention = Field(Retention(), description="What is kept how long: [retention]")
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
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}, got {fault['input']!r}"
            for fault in error.errors()
        )
        raise SettingsError(f"settings ({FILE} or NHIWATCH_*): {faults}") from None
    except ValueError as error:
        raise SettingsError(f"{FILE}: expected TOML, got {error}") from None
    _check_retention(settings.retention, history_days=settings.history_days)
    return settings


def _check_retention(kept: Retention, *, history_days: int) -> None:
    """Fail if something goes before what is made from it: a roll-up is made from its day's events,
    a day is judged on its events and on the history before it.
    """
    needs = (
        ("texts_days", kept.texts_days, "history_days", history_days + 1),
        ("events_days", kept.events_days, "history_days", history_days + 1),
        ("events_days", kept.events_days, "texts_days", kept.texts_days),
        ("rollups_days", kept.rollups_days, "history_days", history_days + 1),
        ("rollups_days", kept.rollups_days, "events_days", kept.events_days),
    )
    for name, days, other, least in needs:
        if days is not None and least is not None and days < least:
            raise SettingsError(
                f"[retention] {name}: expected at least {least} (because of {other}), got {days}"
            )
    if kept.rollups_days is not None and kept.events_days is None:
        raise SettingsError(
            "[retention] rollups_days: expected events_days beside it, got none; "
            "roll-ups are made again while their events are there"
        )


def utc_now() -> datetime:
    """The present moment, to the microsecond."""
    return datetime.now(tz=timezone.utc)


def new_run_id() -> str:
    """A fresh id of a run, sortable by time of making."""
    return f"{utc_now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
