"""How a table is kept: what is merged or deleted, and what comes between."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlparse

import polars as pl
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from builders.stored import event_ids, events
from pipeline.appending import ROW_GROUP
from pipeline.lake import ConcurrentWriteError, Lake, Turn
from pipeline.upkeep import compact, vacuum


def days_of(lake: Lake) -> pl.DataFrame:
    """Every day, as a partition of which all small files are to be merged."""
    return lake.partition_counts("events").with_columns(below=pl.lit(1024**2))


def in_three_files(lake: Lake) -> pl.DataFrame:
    """Append a file for each of three events; returns their day as a partition."""
    for name in "abc":
        lake.append("events", events(name))
    return days_of(lake)


def test_compact_merges_files_and_changes_no_rows(lake: Lake) -> None:
    compact(lake, "events", in_three_files(lake), target_bytes=1024**2)
    assert lake.files("events").height == 1
    assert event_ids(lake) == ["a", "b", "c"]


def while_compacting(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something once the next compaction has taken its turn, before it commits."""
    next_turn, begun = Lake.next_turn, []

    def taken(lake: Lake, name: str, queue: str) -> Turn:
        turn = next_turn(lake, name, queue)
        if queue == "compact" and not begun:
            begun.append(queue)
            act()
        return turn

    monkeypatch.setattr(Lake, "next_turn", taken)


def test_of_two_compactions_at_once_one_is_refused(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = in_three_files(lake)
    while_compacting(monkeypatch, lambda: compact(lake, "events", days, target_bytes=1024**2))
    with pytest.raises(ConcurrentWriteError):
        compact(lake, "events", days, target_bytes=1024**2)
    assert lake.files("events").height == 1
    assert event_ids(lake) == ["a", "b", "c"]


def test_what_is_appended_while_files_are_compacted_stays(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = in_three_files(lake)
    while_compacting(monkeypatch, lambda: lake.append("events", events("d")))
    compact(lake, "events", days, target_bytes=1024**2)
    assert lake.files("events").height == 2
    assert event_ids(lake) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("how", ["merge", "remove", "replace", "delete", "blank"])
def test_a_change_while_files_are_compacted_goes_first(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    days = in_three_files(lake)
    keys = pl.DataFrame({"source": ["log"], "event_id": ["b"]})
    changes: dict[str, Callable[[], object]] = {
        "merge": lambda: lake.merge("events", keys.with_columns(action=pl.lit("late"))),
        "remove": lambda: lake.remove("events", keys),
        "replace": lambda: lake.replace("events", events("z"), where="source = 'log'"),
        "delete": lambda: lake.delete("events", where="event_id = 'b'"),
        "blank": lambda: lake.blank("events", ["event_time"], where="source = 'log'"),
    }
    while_compacting(monkeypatch, changes[how])
    with pytest.raises(ConcurrentWriteError):
        compact(lake, "events", days, target_bytes=1024**2)
    assert event_ids(lake) == {"remove": ["a", "c"], "replace": ["z"], "delete": ["a", "c"]}.get(
        how, ["a", "b", "c"]
    )


def test_compacted_files_have_their_size_and_whole_row_groups(lake: Lake) -> None:
    for n in range(6):
        ids = [hashlib.sha256(f"{n} {k}".encode()).hexdigest() for k in range(5_000)]
        lake.append("events", events(*ids))
    compact(lake, "events", days_of(lake), target_bytes=500_000)
    table = lake.table("events")
    assert table is not None
    files = [pq.ParquetFile(urlparse(uri).path or uri).metadata for uri in table.file_uris()]
    groups = [[file.row_group(n).num_rows for n in range(file.num_row_groups)] for file in files]
    assert sorted(groups) == [[30_000 - ROW_GROUP], [ROW_GROUP]]
    assert len(set(event_ids(lake))) == 30_000


@pytest.mark.parametrize("how", ["replace", "remove", "put"])
def test_a_change_of_files_that_were_replaced_and_deleted_meanwhile_is_refused(
    lake: Lake, how: str
) -> None:
    """As any change that another was before, so it is made anew on what is there now."""
    b, c = (pl.DataFrame(events(name)) for name in "bc")
    changes: dict[str, Callable[[Turn], object]] = {
        "replace": lambda turn: lake.replace("events", b, where="event_id = 'b'", turn=turn),
        "remove": lambda turn: lake.remove("events", b, turn=turn),
        "put": lambda turn: lake.put("events", b, gone=c, turn=turn),
    }
    days = in_three_files(lake)
    turn = lake.next_turn("events", "changes")
    compact(lake, "events", days, target_bytes=1024**2)
    assert vacuum(lake, "events", keep_hours=0) == 3
    with pytest.raises(ConcurrentWriteError):
        changes[how](turn)
    changes[how](lake.next_turn("events", "changes"))
    assert event_ids(lake) == {"remove": ["a", "c"], "put": ["a", "b"]}.get(how, ["a", "b", "c"])


def test_a_vacuum_beside_who_rewrites_the_table_is_left_for_the_next_time(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_three_files(lake)

    def refused(*_: Any, **__: Any) -> None:
        raise CommitFailedError("a concurrent transaction deleted data this operation read")

    with monkeypatch.context() as patch:
        patch.setattr(DeltaTable, "vacuum", refused)
        assert vacuum(lake, "events", keep_hours=0) == 0
