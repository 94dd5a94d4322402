"""One settings object, from nhiwatch.toml and NHIWATCH_* variables; made once, passed down.

The only module that reads the environment, apart from what buckets are opened by
(`pipeline.buckets`); with `pipeline.cli`, the only one that reads the clock.
"""

from __future__ import annotations

import os
import re
import tomllib
import uuid
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ByteSize, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as NoJsonError

from pipeline.buckets import BucketUrl, Location, located
from pipeline.errors import SettingsError
from pipeline.lake import Lake

FILE = "nhiwatch.toml"
_PREFIX = "NHIWATCH_"
_OF_KUBERNETES = re.compile(r"\w*_(SERVICE_(HOST|PORT\w*)|PORT(_\d+_\w+)?)")
"""Variables that a pod gets of each service, of one called nhiwatch or nhiwatch-dashboard too."""
_A_YEAR = 366 * 24 * 3600
_A_CENTURY_DAYS = 36_500
_A_TIB = 1 << 40


def _written_out(path: object) -> str:
    """The text of a path with the user's home in place of `~`, as a shell would have it."""
    if not isinstance(path, str | Path | BucketUrl) or not str(path).strip():
        raise PydanticCustomError("path", "expected a path (. is the current folder)")
    whole = os.path.expanduser(str(path))  # noqa: PTH111  (a URL is no Path)
    if whole.startswith("~"):
        raise PydanticCustomError(
            "home", "expected ~ for the home of a user who has one (or ./~NAME for such a name)"
        )
    return whole


def _lake(place: object) -> Location:
    return located(_written_out(place))


File = Annotated[Path, BeforeValidator(_written_out)]
Days = Annotated[int, Field(ge=1, le=_A_CENTURY_DAYS)]


class Retention(BaseModel):
    """For how many days what is kept: by the day of an event, or of what else a table tells of.

    Without a number it is kept for good, as `ingests` and `triage` always are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    texts_days: Days | None = Field(
        default=None, description="raw, prompt, tool_arguments and tool_result of events"
    )
    events_days: Days | None = Field(default=None, description="events")
    rollups_days: Days | None = Field(default=None, description="daily roll-ups and judgements")
    scores_days: Days | None = Field(default=None, description="scores")
    findings_days: Days | None = Field(default=None, description="findings")
    rejects_days: Days | None = Field(
        default=None, description="rejects, by when they were rejected"
    )
    runs_days: Days | None = Field(default=None, description="runs")


class Settings(BaseSettings):
    """Every setting, its unit and its default. A variable NHIWATCH_<NAME> goes before the file."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid")

    lake: Annotated[Location, BeforeValidator(_lake), NoDecode] = Field(
        Path("lake"), description="Where the Delta tables are: a folder, or the URL of one"
    )
    memory_limit: ByteSize = Field(
        ByteSize(1 << 30),
        ge=256 << 20,
        le=1 << 50,
        description="The memory that an ingest keeps to, though it takes some 800 MB at the least, "
        "and DuckDB otherwise: a size such as 1GiB",
    )
    threads: int | None = Field(
        None, ge=1, le=1024, description="DuckDB's threads; default: every core"
    )
    history_days: Days = Field(30, description="Days of history before a judged day")
    batch_bytes: int | None = Field(
        None,
        ge=1024,
        le=_A_TIB,
        description="Text of records that are parsed together, in bytes; default: by memory_limit",
    )
    max_record_bytes: int = Field(
        16 * 1024**2, ge=1024, le=_A_TIB, description="A longer record is rejected, in bytes"
    )
    reject_text_bytes: int = Field(
        65_536, ge=0, le=_A_TIB, description="How much of a rejected text is kept, in bytes"
    )
    listing_lookback_days: int = Field(
        2,
        ge=0,
        le=_A_CENTURY_DAYS,
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
    inventory: File | None = Field(
        None, description="CSV or JSON of declared identities (owner, purpose, limits)"
    )
    network_database: File | None = Field(
        None, description="A geoip2fast .dat.gz in place of the built-in one"
    )
    compact_small_files: int = Field(
        8,
        ge=1,
        description="A partition with more small files of like size is compacted after a run",
    )
    compact_target_bytes: int = Field(
        128 * 1024**2,
        ge=1024**2,
        le=_A_TIB,
        description="Size of a file after compaction, in bytes; below half of it one is small",
    )
    keep_hours: int = Field(
        168,
        ge=0,
        le=_A_CENTURY_DAYS * 24,
        description="Hours that replaced files and their log are kept for readers and "
        "`sql --at RUN_ID`",
    )
    query_seconds: float = Field(
        60,
        gt=0,
        le=_A_YEAR,
        description="A SELECT of the dashboard's SQL page that takes longer is ended",
    )
    retention: Retention = Field(Retention(), description="What is kept how long: [retention]")
    content: dict[str, Literal["keep", "fingerprint", "drop"]] = Field(
        default_factory=dict,
        description="How prompts, arguments and results land: keep | fingerprint | drop, by "
        "source; `default` is for the sources not named",
    )
    salt_file: File | None = Field(
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
        return init_settings, env_settings, InitSettingsSource(settings_cls, _of_file())

    def open_lake(self) -> Lake:
        """The lake these settings name."""
        return Lake(self.lake, memory_limit=self.memory_limit, threads=self.threads)


def load(**given: Any) -> Settings:
    """The settings, with those given in place of what file and environment say.

    An error names each setting that is unknown or of the wrong kind, in one line.
    """
    _check_names(os.environ)
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}, got {fault['input']!r}"
            for fault in error.errors()
        )
        raise SettingsError(f"settings ({FILE} or {_PREFIX}*): {faults}") from None
    except NoJsonError as error:
        # Only its text tells the field: ... for field "content" from ...
        _, field, _ = str(error).split('"', 2)
        variable = f"{_PREFIX}{field.upper()}"
        raise SettingsError(
            f"{variable}: expected JSON, such as {{}}, or a variable for each of its values, such "
            f"as {variable}__NAME; got {os.environ.get(variable, error)!r}"
        ) from None
    _check_retention(settings.retention, history_days=settings.history_days)
    return settings


def _of_file() -> dict[str, Any]:
    """What nhiwatch.toml in the current folder says, if it is there."""
    try:
        # Editors of Windows put a mark of byte order first, which TOML does not know.
        return tomllib.loads(Path(FILE).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{FILE}: expected TOML in UTF-8, got {error}") from error


def _check_names(variables: Iterable[str]) -> None:
    """Fail if a variable is named as settings are and sets none: a name misspelt."""
    unknown = [
        name
        for name in variables
        if name.upper().startswith(_PREFIX)
        and _setting(name) not in Settings.model_fields
        and not _OF_KUBERNETES.fullmatch(name)
    ]
    if unknown:
        raise SettingsError(
            f"expected {_PREFIX}<NAME> of {', '.join(Settings.model_fields)}; "
            f"got {', '.join(sorted(unknown))}; remove or rename it"
        )


def _setting(variable: str) -> str:
    """The setting that a variable names, whole or one of its values (`__`)."""
    return variable[len(_PREFIX) :].partition("__")[0].lower()


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
