"""Keeping house: small files into large ones, what is older than its retention out, then vacuum.

Retention goes by whole UTC days. `events` has two levels: the texts of a record (`raw`, prompts,
arguments, results) may go before the event itself; roll-ups live longer than what they were made
from. A day whose events are gone is never rolled up again, nor judged again: both would be made
from nothing. A record that old which is delivered again lands, and goes with the next housekeeping.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import polars as pl

from pipeline.appending import TARGET_BYTES
from pipeline.baselines import DAILY
from pipeline.booking import settle
from pipeline.lake import ConcurrentWriteError, Lake
from pipeline.schemas import TABLES
from pipeline.settings import Retention
from pipeline.upkeep import compact, keep_log, last_kept, vacuum

TEXTS = ("raw", "prompt", "tool_arguments", "tool_result")
"""Columns of `events` that hold a record's text."""

_ATTEMPTS = 3
_DAY = timedelta(days=1)
_TIER = 8
"""How many times larger the files of a tier are than those of the one below it."""
_REWRITTEN = {"ingests": 1024**2}
"""The full size of a file of a table whose rows change one by one: an account's, each time that a
log has grown, and the whole file is written once more for it.
"""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """When a partition is compacted. Files of under half of `target_bytes` are small; there are
    `tiers` of them, each of sizes from an eighth of its upper end, the lowest from nothing. A tier
    of more than `most_small_files` is merged, with what is smaller, into a file for the tier above:
    so a row is written again about once a tier, however many loads come, and a partition keeps at
    most `most_small_files` a tier. With one tier, all that is small is merged at once.

    Files that are no longer part of a table are kept for `keep_hours`, and so is its log; they are
    looked for once a day, or at once with `vacuum_all`.
    """

    most_small_files: int = 8
    target_bytes: int = TARGET_BYTES
    tiers: int = 4
    keep_hours: int = 168
    vacuum_all: bool = False

    def of(self, table: str) -> Rules:
        """The rules as they are for a table."""
        return replace(
            self, target_bytes=min(self.target_bytes, _REWRITTEN.get(table, self.target_bytes))
        )


@dataclass(frozen=True, kw_only=True)
class TableWork:
    """What was done in one table: data files before and after, rows removed as too old, rows whose
    texts were removed, files deleted from the disk.
    """

    table: str
    files_before: int
    files_after: int
    rows_removed: int = 0
    texts_removed: int = 0
    files_deleted: int = 0


@dataclass(frozen=True)
class Housework:
    """The tables in which something was done, and what was left for the next time, a line each."""

    tables: tuple[TableWork, ...] = ()
    left: tuple[str, ...] = ()


def keep_house(lake: Lake, *, rules: Rules, retention: Retention, now: datetime) -> Housework:
    """Remove what is too old, compact where there are many small files, and once a day delete what
    is unused.

    Safe beside readers and writers: where a writer replaces what is being compacted, the writer
    goes first, and the compaction is left for the next time.
    """
    # The log of `events`, which is kept in bounds, is not to lose what is not settled yet.
    settle(lake)
    done, left = [], []
    for name in TABLES:
        before = files = lake.files(name)
        rows = _remove_old(lake, name, retention, now)
        texts = _remove_texts(lake, retention, now) if name == "events" else 0
        if rows or texts:
            files = lake.files(name)
        untidy = busy(files, rules.of(name))
        if untidy.height and not _compact(lake, name, untidy, rules.of(name)):
            left.append(f"table {name} was being rewritten; its small files are left for next time")
        last = last_kept(lake, name)
        deleted = 0
        if last is not None and (rules.vacuum_all or now - last >= _DAY):
            keep_log(lake, name, keep_hours=rules.keep_hours, now=now)
            deleted = vacuum(lake, name, keep_hours=rules.keep_hours)
        if rows or texts or untidy.height or deleted:
            work = TableWork(
                table=name,
                files_before=before.height,
                files_after=lake.files(name).height,
                rows_removed=rows,
                texts_removed=texts,
                files_deleted=deleted,
            )
            done.append(work)
    return Housework(tuple(done), tuple(left))


def busy(files: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Of a table's data files (as `Lake.files` gives them), a row for each partition with too many
    small ones of a tier, and the size `below` which they are to be merged, for `upkeep.compact`; a
    table without partitions is one.
    """
    keys = [name for name in files.columns if name not in {"bytes", "rows"}]
    ends = [rules.target_bytes // 2 // _TIER**tier for tier in reversed(range(rules.tiers))]
    below = pl.coalesce(pl.when(pl.col("bytes") < end).then(end) for end in ends)
    crowded = (
        files.with_columns(below=below)
        .drop_nulls("below")
        .group_by(*keys, "below")
        .agg(many=pl.len() > rules.most_small_files)
        .filter("many")
        .sort("below", descending=True)
        .drop("many")
    )
    return crowded.unique(keys, keep="first") if keys else crowded.head(1)


def first_day_kept(retention: Retention, *, now: datetime) -> date | None:
    """The first UTC day whose events the lake keeps; None if it keeps all."""
    return _first_day(retention.events_days, now)


def first_whole_day(retention: Retention, *, now: datetime) -> date | None:
    """The first UTC day whose events the lake keeps with their texts; None if it keeps all."""
    days = [n for n in (retention.events_days, retention.texts_days) if n is not None]
    return _first_day(min(days, default=None), now)


def _remove_old(lake: Lake, name: str, retention: Retention, now: datetime) -> int:
    column, days = _age_of(retention).get(name, ("", None))
    first = _first_day(days, now)
    return 0 if first is None else lake.delete(name, where=_before(name, column, first))


def _remove_texts(lake: Lake, retention: Retention, now: datetime) -> int:
    first = _first_day(retention.texts_days, now)
    if first is None:
        return 0
    return lake.blank("events", TEXTS, where=_before("events", "event_date", first))


def _age_of(retention: Retention) -> dict[str, tuple[str, int | None]]:
    """Of each table that retention knows: the column its age goes by, the days it is kept."""
    rolled = ("event_date", retention.rollups_days)
    return {
        "events": ("event_date", retention.events_days),
        **dict.fromkeys((*DAILY, "rollups", "judgements"), rolled),
        "scores": ("window_start", retention.scores_days),
        "findings": ("last_seen", retention.findings_days),
        "rejects": ("rejected_at", retention.rejects_days),
        "runs": ("started_at", retention.runs_days),
    }


def _first_day(days: int | None, now: datetime) -> date | None:
    return None if days is None else now.date() - timedelta(days=days)


def _before(name: str, column: str, first: date) -> str:
    """The Delta predicate of the rows of a table before a day."""
    is_day = next(c.type for c in TABLES[name].columns if c.name == column) == "DATE"
    return f"{column} < '{first.isoformat()}{'' if is_day else 'T00:00:00Z'}'"


def _compact(lake: Lake, name: str, untidy: pl.DataFrame, rules: Rules) -> bool:
    """Compact these partitions; whether that came to its end."""
    for _ in range(_ATTEMPTS):
        try:
            compact(lake, name, untidy, target_bytes=rules.target_bytes)
        except ConcurrentWriteError:
            continue
        return True
    return False
