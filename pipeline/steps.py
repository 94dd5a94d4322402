"""The steps of the main job, as plain functions of settings: what flows and commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from detectors.base import Detector, make, registry
from detectors.judge import Judged, judge, pending
from pipeline.baselines import missing_days, roll_up
from pipeline.content import Content, Privacy, salt_in
from pipeline.errors import SettingsError
from pipeline.following import Follower
from pipeline.housekeeping import Housework, Rules, first_day_kept, first_whole_day
from pipeline.housekeeping import keep_house as housekeeping
from pipeline.ingest import Limits, Summary, Way, batch_within, ingest, nothing_new
from pipeline.inventory import take_inventory
from pipeline.rejected import Asked, Replayed, replay
from pipeline.settings import Settings
from pipeline.sources import sources
from pipeline.status import Status, status

Progress = Callable[[str, int, int], None]
"""Told the step, and how many of how many of its units are done."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one run is: its settings, its id, when it began, and whom it tells of its progress."""

    settings: Settings
    run_id: str
    now: datetime
    progress: Progress

    def progress_of(self, step: str) -> Callable[[int, int], None]:
        """The progress of one step."""
        return lambda done, total: self.progress(step, done, total)


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a run did; a part is None, or empty, if it was not asked for."""

    summary: Summary | None = None
    judged: Judged | None = None
    replayed: Replayed | None = None
    house: Housework = field(default_factory=Housework)


def bring_in(job: Job, paths: Sequence[str], *, source: str | None = None) -> Summary:
    """Files into events, each event once."""
    settings = job.settings
    return ingest(
        settings.open_lake(),
        paths,
        now=job.now,
        run_id=job.run_id,
        source=source,
        limits=limits_of(settings),
        network_database=settings.network_database,
        lookback_days=settings.listing_lookback_days,
        privacy=privacy_of(settings),
        progress=job.progress_of("ingest"),
    )


def follower(
    settings: Settings, paths: Sequence[str], *, run_id: str, source: str | None = None
) -> Follower:
    """Who brings in what is new in the paths, look by look."""
    way = Way(
        lake=settings.open_lake(),
        run_id=run_id,
        source=source,
        limits=limits_of(settings),
        network_database=settings.network_database,
        privacy=privacy_of(settings),
    )
    return Follower(
        way=way,
        paths=paths,
        lookback_days=settings.listing_lookback_days,
        settle=timedelta(seconds=settings.settle_seconds),
        give_up=timedelta(seconds=settings.give_up_seconds),
    )


def learn(job: Job) -> int:
    """Roll-ups of the days that need them, and the inventory; returns source-days rolled up."""
    lake = job.settings.open_lake()
    since = first_day_kept(job.settings.retention, now=job.now)
    days = roll_up(lake, now=job.now, since=since, progress=job.progress_of("baselines"))
    take_inventory(lake, file=job.settings.inventory)
    return days


def detect(
    job: Job,
    *,
    since: date | None = None,
    until: date | None = None,
    only: Sequence[str] = (),
) -> Judged:
    """Judge the days that are not up to date and whose events are there with their texts."""
    whole = first_whole_day(job.settings.retention, now=job.now)
    return judge(
        job.settings.open_lake(),
        detectors_of(job.settings, only),
        now=job.now,
        run_id=job.run_id,
        history_days=job.settings.history_days,
        since=max((day for day in (since, whole) if day is not None), default=None),
        until=until,
        progress=job.progress_of("detect"),
    )


def replay_rejects(job: Job, asked: Asked, *, taken_for: str | None = None) -> Replayed:
    """The rejects asked for, tried again."""
    settings = job.settings
    return replay(
        settings.open_lake(),
        asked,
        now=job.now,
        run_id=job.run_id,
        limits=limits_of(settings),
        taken_for=taken_for,
        network_database=settings.network_database,
        privacy=privacy_of(settings),
        progress=job.progress_of("replay"),
    )


def keep_house(job: Job, *, rules: Rules | None = None) -> Housework:
    """Compact where there are many small files (by the settings, if no other rules are given),
    remove what is too old.
    """
    return housekeeping(
        job.settings.open_lake(),
        rules=rules or rules_of(job.settings),
        retention=job.settings.retention,
        now=job.now,
    )


def nothing_to_do(settings: Settings, paths: Sequence[str], *, now: datetime) -> int | None:
    """How many files there are, if all are in the lake, rolled up and judged; else None."""
    lake = settings.open_lake()
    unchanged = nothing_new(lake, paths, lookback_days=settings.listing_lookback_days)
    if unchanged is None or not lake.exists() or unjudged_days(settings, now=now):
        return None
    return unchanged


def unjudged_days(settings: Settings, *, now: datetime) -> int:
    """How many days of the lake are not rolled up, or not judged by every detector."""
    lake, kept = settings.open_lake(), settings.retention
    missing = missing_days(lake, since=first_day_kept(kept, now=now))["event_date"]
    whole = first_whole_day(kept, now=now)
    judging = detectors_of(settings)
    judged = pending(lake, judging, since=whole, history_days=settings.history_days)
    return len({*missing, *judged})


def status_of(settings: Settings, *, now: datetime) -> Status:
    """How the lake is, and what to do next."""
    unjudged = unjudged_days(settings, now=now)
    return status(settings.open_lake(), rules=rules_of(settings), unjudged=unjudged, now=now)


def detectors_of(settings: Settings, only: Sequence[str] = ()) -> list[Detector]:
    """The detectors with their settings: those of these ids, or all."""
    unknown = sorted(settings.detectors.keys() - registry().keys())
    if unknown:
        raise SettingsError(
            f"expected [detectors.<id>] of {', '.join(registry())}, got {', '.join(unknown)}"
        )
    return [make(id_, settings.detectors.get(id_)) for id_ in only or registry()]


def privacy_of(settings: Settings) -> Privacy:
    """How the texts of each source land.

    The salt of fingerprints is beside the lake, not in it: who queries the lake cannot read it.
    """
    unknown = sorted(settings.content.keys() - {"default", *sources()})
    if unknown:
        raise SettingsError(
            f"expected [content] of default, {', '.join(sources())}, got {', '.join(unknown)}"
        )
    by_source = {name: Content(mode) for name, mode in settings.content.items()}
    default = by_source.pop("default", Content.KEEP)
    if Content.FINGERPRINT not in {default, *by_source.values()}:
        return Privacy(default, by_source)
    return Privacy(default, by_source, salt_in(_salt_file(settings)))


def _salt_file(settings: Settings) -> Path:
    if settings.salt_file is not None:
        return settings.salt_file
    if isinstance(settings.lake, Path):
        # Without . and .., which name no folder that a file could lie beside.
        lake = Path(os.path.abspath(settings.lake))  # noqa: PTH100  (a link stays one)
        if lake.name:
            return lake.with_name(f"{lake.name}.salt")
    raise SettingsError(
        f"expected the setting salt_file for fingerprints in a lake at {settings.lake}, got none"
    )


def limits_of(settings: Settings) -> Limits:
    """The sizes that ingest keeps to."""
    return Limits(
        batch_bytes=settings.batch_bytes or batch_within(settings.memory_limit),
        max_record_bytes=settings.max_record_bytes,
        reject_text_bytes=settings.reject_text_bytes,
    )


def rules_of(settings: Settings) -> Rules:
    """When and how the lake's files are compacted."""
    return Rules(
        most_small_files=settings.compact_small_files,
        target_bytes=settings.compact_target_bytes,
        keep_hours=settings.keep_hours,
    )


def counts(done: Done) -> dict[str, Any]:
    """What a run did, as one flat set of counts for `runs` and for --json."""
    told: dict[str, Any] = dict(vars(done.summary)) if done.summary is not None else {}
    if done.judged is not None:
        told |= {"detector_days": done.judged.days, "scores": done.judged.scores}
        told |= {"findings": done.judged.findings, "failures": len(done.judged.failures)}
    if done.replayed is not None:
        told |= vars(done.replayed)
        told["rejects"] = done.replayed.rejects + done.replayed.untried
    if done.house.tables:
        told["housekeeping"] = [asdict(work) for work in done.house.tables]
    return told
