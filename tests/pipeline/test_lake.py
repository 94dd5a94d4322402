"""The lake: atomic writes, views over every table, what a user's query may do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from builders.stored import DAY, event_ids, events
from pipeline.errors import LakeError, QueryError
from pipeline.lake import ConcurrentWriteError, Lake
from pipeline.reader import LakeReader
from pipeline.schemas import TABLES


def test_every_table_can_be_read_before_anything_is_written(lake: Lake) -> None:
    with lake.reader() as reader:
        for name, table in TABLES.items():
            empty = reader.query(f"select * from {name}")
            assert (empty.columns, empty.height) == (list(table.column_names), 0)


def test_readers_beside_one_another_share_the_snapshot_and_not_what_they_define(lake: Lake) -> None:
    lake.append("events", events("a"))
    with lake.reader() as reader, reader.beside() as one, reader.beside() as other:
        lake.append("events", events("b"))
        one.define("seen", "select event_id || $sign as sign from events", {"sign": "1"})
        other.define("seen", pl.DataFrame({"sign": ["2"]}))
        told = [each.query("select sign from seen").item() for each in (one, other)]
        assert told == ["a1", "2"]
        assert other.query("select * from rejects").height == 0
        with pytest.raises(duckdb.CatalogException):
            reader.query("select * from seen")
    with lake.reader() as reader, reader.beside() as one:
        assert one.query("select count(*) from events").item() == 2


@pytest.mark.parametrize("tables", [None, ["events"], []], ids=["all", "some", "none"])
def test_times_are_utc_wherever_the_machine_is(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, tables: list[str] | None
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    to_day = "select timestamptz '2026-01-01 00:30:00+00'::date as day"
    with lake.reader(tables=tables) as reader, reader.beside() as other:
        told = [each.query(to_day).item() for each in (reader, other)]
        told += reader.repeated(f"{to_day} from records")(pa.table({"n": [1]}))["day"].to_pylist()
    assert told == [date(2026, 1, 1)] * 3


def test_a_repeated_select_reads_the_rows_of_each_time(lake: Lake) -> None:
    with lake.reader(tables=()) as reader:
        add = reader.repeated("select sum(n)::int as n, max(t) as t from records")
        count = reader.repeated("select count(*)::int as n from records")
        for numbers in ([1, 2], [], [5] * 10_000):
            rows = pa.table({"n": pa.array(numbers, pa.int64()), "t": list(map(str, numbers))})
            rows = rows.cast(pa.schema([("n", pa.int64()), ("t", pa.string())]))
            told = {
                "n": sum(numbers) if numbers else None,
                "t": max(map(str, numbers), default=None),
            }
            assert add(rows).to_pylist() == [told]
            assert count(rows).to_pylist() == [{"n": len(numbers)}]


def test_appended_rows_come_back_with_their_types(lake: Lake) -> None:
    lake.append("events", events("it's", 'say "hi"'))
    with lake.reader() as reader:
        rows = reader.query("select event_id, event_date, event_time from events order by all")
    midnight = datetime(2026, 1, 2, tzinfo=timezone.utc)
    assert rows.rows() == [("it's", DAY, midnight), ('say "hi"', DAY, midnight)]
    assert rows.schema["event_time"] == pl.Datetime("us", "UTC")


@pytest.mark.parametrize("name", ["a b", "it's", "ünï", "#1", "a;b"])
def test_a_lake_may_lie_anywhere(tmp_path: Path, name: str) -> None:
    lake = Lake(tmp_path / name)
    lake.append("events", events("a"))
    assert event_ids(lake) == ["a"]
    with lake.reader() as reader:
        reader.restrict()
        assert reader.user_query("select event_id from events").num_rows == 1


@pytest.mark.parametrize("name", ["a%20b", "x[1]", "what?", "a\\b", "a|b", "a\tb", "bad\udcff"])
def test_a_path_that_delta_cannot_take_is_told_in_a_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(LakeError, match="expected a path without any of"):
        Lake(tmp_path / name).append("events", events("a"))


def test_replace_puts_rows_in_place_of_those_that_match(lake: Lake) -> None:
    lake.append("events", events("a", "b", source="one"))
    lake.append("events", events("c", source="two"))
    lake.replace("events", events("z", source="one"), where="source = 'one'")
    assert event_ids(lake) == ["c", "z"]


def test_replace_with_nothing_deletes_those_that_match(lake: Lake) -> None:
    lake.append("events", events("a", source="one"))
    lake.append("events", events("c", source="two"))
    lake.replace("events", events(), where="source = 'one'")
    assert event_ids(lake) == ["c"]


def test_merge_updates_the_columns_given_of_rows_with_the_same_key(lake: Lake) -> None:
    lake.append("events", events("a", "b"))
    updates = pl.DataFrame({"source": ["log"], "event_id": ["a"], "identity_id": ["me"]})
    assert lake.merge("events", updates) == 1
    with lake.reader() as reader:
        rows = reader.query("select event_id, identity_id from events order by all").rows()
    assert rows == [("a", "me"), ("b", None)]


def test_two_writers_cannot_take_the_same_turn(lake: Lake) -> None:
    turn = lake.next_turn("events", "q")
    lake.append("events", events("mine"), turn=turn)
    with pytest.raises(ConcurrentWriteError):
        lake.append("events", events("theirs"), turn=turn)
    assert event_ids(lake) == ["mine"]


def test_append_new_adds_only_keys_not_there(lake: Lake) -> None:
    lake.append_new("events", pl.DataFrame(events("a", "b")))
    assert lake.append_new("events", pl.DataFrame(events("b", "c", "c"))) == 1
    assert event_ids(lake) == ["a", "b", "c"]


def test_partition_counts_come_from_the_log(lake: Lake) -> None:
    lake.append("events", events("a", "b"))
    lake.append("events", events("c", day=date(2026, 1, 3)))
    counts = lake.partition_counts("events")
    assert counts.rows() == [("log", DAY, 2), ("log", date(2026, 1, 3), 1)]


def test_an_old_version_can_be_read(lake: Lake) -> None:
    lake.append("events", events("a"))
    before = lake.versions()
    lake.append("events", events("b"))
    with lake.reader(versions=before) as reader:
        assert reader.query("select event_id from events")["event_id"].to_list() == ["a"]
    with lake.reader(versions={**before, "events": None}) as reader:
        assert reader.query("select event_id from events").is_empty()


def test_a_missing_lake_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="nhiwatch ingest"):
        Lake(tmp_path / "none").require()


@pytest.fixture(scope="module")
def restricted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LakeReader]:
    """A reader of a lake of one event, for what users ask."""
    lake = Lake(tmp_path_factory.mktemp("restricted") / "lake")
    lake.append("events", events("a"))
    with lake.reader() as reader:
        reader.restrict()
        yield reader


@pytest.mark.parametrize(
    "statement",
    [
        "create table t as select 1",
        "copy (select 1) to 'x.csv'",
        "attach 'x.db'",
        "set threads = 1",
        "select 1; select 2",
        "insert into events values (1)",
        "pragma database_list",
        "install httpfs",
        "select * from read_csv('/etc/hostname')",
        "select * from '/etc/hostname'",
        "select nonsense from events",
        "not sql at all",
        "",
        "update extensions",
        "explain analyze copy (select 1) to '{lake}/events/evil.parquet'",
        "explain (analyze, format json) copy (select 1) to '{lake}/events/evil.parquet'",
        "/*x*/ EXPLAIN /*y*/ ANALYZE copy (select 1) to '{lake}/events/evil.parquet'",
        "explain analyze create or replace view events as select 42 as x",
        "with x as (copy (select 1) to '{lake}/events/evil.parquet') select 1",
        "(with x as (copy (select 1) to '{lake}/events/evil.parquet') select 1);",
        "with x as (insert into scores by name select 'x' as detector returning 1) from x",
        "copy (pivot events on source using count(*)) to '{lake}/events/evil.parquet'",
        "create table t as pivot events on source using count(*)",
        "explain analyze pivot events on source using count(*)",
        "select 1) union all (select 2",
        "select '\udcff'",
    ],
)
def test_a_users_query_may_only_read_the_lake(restricted: LakeReader, statement: str) -> None:
    place = restricted.location
    with pytest.raises(QueryError) as fault:
        restricted.user_query(statement.format(lake=place))
    assert restricted.user_query("select event_id from events").num_rows == 1
    assert restricted.user_query("from scores").num_rows == 0
    assert "\n" not in str(fault.value)
    assert not list(Path(str(place)).rglob("evil.parquet"))


@pytest.mark.parametrize(
    "statement",
    [
        "select source, count(*) as n from events group by all",
        "select 'é;' as source; -- that is ; all",
        "from (values ('x')) as t(source) /* ; */ ;",
        "pivot (select source, 1 as n from events) on n using sum(n)",
        "with p as (pivot events on event_id using count(*) group by source) select * from p;",
        "describe events",
        "show tables",
    ],
)
def test_a_users_query_is_whatever_reads(restricted: LakeReader, statement: str) -> None:
    assert restricted.user_query(statement, limit=1).num_rows == 1


@pytest.mark.parametrize(
    ("select", "told"),
    [
        ("1 as a, 2 as a, 3 as a_1", {"a": 1, "a_1": 2, "a_1_1": 3}),
        ('1 as "say ""hi""", 2 as "say ""hi"""', {'say "hi"': 1, 'say "hi"_1': 2}),
        (
            "interval 36 hours as lag, [interval 1 day] as lags",
            {"lag": "36:00:00", "lags": "[1 day]"},
        ),
        ("'101'::bit as bits, union_value(n := 1) as either", {"bits": "101", "either": "1"}),
        (f"{2**128 - 1}::uhugeint as u", {"u": str(2**128 - 1)}),
    ],
)
def test_what_a_user_asks_for_has_names_and_types_that_can_be_shown(
    restricted: LakeReader, select: str, told: dict[str, Any]
) -> None:
    assert pl.DataFrame(restricted.user_query(f"select {select}")).to_dicts() == [told]
    assert restricted.user_query("explain select 1").num_rows == 1


def test_a_users_query_reads_the_lake_after_restriction(lake: Lake) -> None:
    lake.append("events", events("a", "b"))
    with lake.reader() as reader:
        reader.restrict()
        assert reader.user_query("select count(*) as n from events").to_pylist() == [{"n": 2}]


def test_what_memory_does_not_hold_is_spilled_for_the_owner_alone(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Lake(lake.location, memory_limit=64 << 20).reader(tables=()) as reader:
        reader.define("large", "select md5(i::varchar) as word from range(4_000_000) as r (i)")
        [(name,)] = reader.query("select current_setting('temp_directory')").rows()
        folder = Path(name)
        assert list(folder.iterdir())
        assert folder.parent.stat().st_mode & 0o777 == 0o700
        assert reader.query("select count(distinct word) from large").item() == 4_000_000
    assert [file for file in folder.rglob("*") if file.is_file()] == []
    assert list(tmp_path.iterdir()) == []
