"""Lakes of older and newer versions: read and written as they are, or told in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from deltalake import CommitProperties, write_deltalake

from builders.stored import events, rows
from pipeline.errors import LakeError
from pipeline.lake import ConcurrentWriteError, Lake
from pipeline.schemas import EVENTS, TABLES
from pipeline.upkeep import compact

ONE_DAY = "source = 'log' and event_date in ('2026-01-02')"


def written_by_another_version(lake: Lake, rows: pa.Table, name: str = "events") -> None:
    """Write as a version with other columns would, past this one's code."""
    path = lake.location / name
    path.mkdir(parents=True, exist_ok=True)
    write_deltalake(
        path,
        rows,
        mode="append",
        schema_mode="merge",
        partition_by=list(TABLES[name].partition_by) or None,
        commit_properties=CommitProperties(custom_metadata={"nhiwatch": "9.9"}),
    )


def older(*event_ids: str) -> pa.Table:
    """Events of a version that had no column `model`, and had `trace_id` elsewhere."""
    rows = events(*event_ids).drop_columns(["model", "trace_id"])
    return rows.append_column("trace_id", pa.nulls(rows.num_rows, pa.string()))


def newer(*event_ids: str) -> pa.Table:
    """Events of a version that has one more column."""
    rows = events(*event_ids)
    return rows.append_column("mood", pa.array(["calm"] * rows.num_rows))


def moods(lake: Lake) -> dict[str, str | None]:
    table = lake.table("events")
    assert table is not None
    told = pl.DataFrame(pa.table(table.to_pyarrow_table()))
    return dict(told.sort("event_id").select("event_id", "mood").iter_rows())


def test_an_old_lake_is_read_with_null_for_what_it_lacks(lake: Lake) -> None:
    written_by_another_version(lake, older("a"))
    assert rows(lake, "select event_id, model, trace_id from events") == [("a", None, None)]


def test_an_old_lake_is_written_without_a_rebuild(lake: Lake) -> None:
    written_by_another_version(lake, older("a", "b"))
    turn = lake.next_turn("events", "q")
    lake.append("events", events("c", model="m"), turn=turn)
    lake.append("events", events("d", model="m"))
    lake.merge("events", pl.DataFrame({"source": "log", "event_id": "a", "model": "late"}))
    told = rows(lake, "select event_id, model from events order by 1")
    assert told == [("a", "late"), ("b", None), ("c", "m"), ("d", "m")]
    lake.replace("events", events("z", model="m"), where=ONE_DAY)
    assert rows(lake, "select event_id, model from events") == [("z", "m")]


def test_an_old_lake_can_be_updated_before_anything_is_appended(lake: Lake) -> None:
    written_by_another_version(lake, older("a"))
    lake.merge("events", pl.DataFrame({"source": "log", "event_id": "a", "model": "m"}))
    assert rows(lake, "select event_id, model from events") == [("a", "m")]


def test_an_old_lake_can_be_compacted_and_blanked(lake: Lake) -> None:
    for name in "ab":
        written_by_another_version(lake, older(name))
    days = lake.partition_counts("events").with_columns(below=pl.lit(1024**2))
    compact(lake, "events", days, target_bytes=1024**2)
    lake.blank("events", ["raw", "model"], where="event_date < '2026-02-01'")
    assert rows(lake, "select event_id, model from events order by 1") == [("a", None), ("b", None)]


def test_a_column_of_a_newer_version_stays(lake: Lake) -> None:
    written_by_another_version(lake, newer("a"))
    lake.append("events", events("b"), turn=lake.next_turn("events", "q"))
    lake.append("events", events("c"))
    lake.merge("events", pl.DataFrame({"source": "log", "event_id": "a", "model": "m"}))
    assert moods(lake) == {"a": "calm", "b": None, "c": None}
    days = lake.partition_counts("events").with_columns(below=pl.lit(1024**2))
    compact(lake, "events", days, target_bytes=1024**2)
    assert lake.files("events").height == 1
    assert moods(lake) == {"a": "calm", "b": None, "c": None}
    lake.replace("events", events("z"), where=ONE_DAY)
    assert moods(lake) == {"z": None}
    with lake.reader() as reader:
        shown = reader.query("select * from events").columns
    assert shown == list(EVENTS.column_names)


def test_two_versions_write_at_the_same_time(lake: Lake) -> None:
    written_by_another_version(lake, older("a"))
    for number in range(3):
        turn = lake.next_turn("events", "q")
        written_by_another_version(lake, newer(f"new-{number}"))
        with pytest.raises(ConcurrentWriteError):
            lake.append("events", events(f"mine-{number}"), turn=turn)
        lake.append("events", events(f"mine-{number}"), turn=lake.next_turn("events", "q"))
        written_by_another_version(lake, older(f"old-{number}"))
    told = moods(lake)
    assert len(told) == 10
    assert {told[f"new-{n}"] for n in range(3)} == {"calm"}
    assert {told[f"mine-{n}"] for n in range(3)} == {None}


@pytest.mark.parametrize("act", ["read", "append", "turn", "merge", "replace"])
def test_a_type_that_changed_is_told_in_one_line(lake: Lake, act: str) -> None:
    odd = older("a").append_column("model", pa.array([7], pa.int64()))
    written_by_another_version(lake, odd)
    update = pl.DataFrame({"source": "log", "event_id": "a", "model": "m"})
    acts: dict[str, Any] = {
        "read": lake.reader,
        "append": lambda: lake.append("events", events("b")),
        "turn": lambda: lake.next_turn("events", "q"),
        "merge": lambda: lake.merge("events", update),
        "replace": lambda: lake.replace("events", events("b"), where=ONE_DAY),
    }
    with pytest.raises(LakeError) as fault:
        acts[act]()
    assert str(fault.value) == (
        "table events: column model: expected type string, found long; it was written by nhiwatch "
        "9.9: use that version, or ingest the logs into a new lake (--lake)"
    )


def test_other_partitions_are_told_in_one_line(lake: Lake) -> None:
    path = lake.location / "scores"
    path.mkdir(parents=True)
    write_deltalake(path, TABLES["scores"].arrow_schema.empty_table())
    with pytest.raises(LakeError, match="expected to be partitioned by detector, found nothing"):
        lake.append("scores", TABLES["scores"].frame([{"detector": "d"}]))


def test_a_lists_items_have_their_type_too(lake: Lake) -> None:
    path = lake.location / "findings"
    path.mkdir(parents=True)
    write_deltalake(path, pa.table({"evidence": pa.array([[1]], pa.list_(pa.int64()))}))
    with pytest.raises(LakeError, match="expected type array of string, found array of long"):
        lake.reader()


def test_every_table_matches_what_this_version_writes(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    for name, table in TABLES.items():
        lake.append(name, table.frame([dict.fromkeys(table.column_names)]))
        lake.next_turn(name, "q")
        assert lake.versions()[name] == 1  # made, written; no column was added
