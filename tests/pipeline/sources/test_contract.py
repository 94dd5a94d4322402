"""What every log source holds, those that are found: nobody has to name a new one here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sample_data
from builders.any_json import JSON
from builders.selecting import selected
from pipeline.arrivals import Arrival, LogFile, arrivals
from pipeline.batches import Gathering
from pipeline.errors import SourceError
from pipeline.files import LocalFile
from pipeline.known import Known
from pipeline.lake import Lake
from pipeline.parsing import ParsedBatch, Parser
from pipeline.records import Piece
from pipeline.sources import SELECTED, Source, sources

Contract = Callable[[pl.DataFrame], None]
SAMPLE = Path(sample_data.__file__).parent / "data"
FILES_READ = 3
every_source = pytest.mark.parametrize("source", sources().values(), ids=lambda source: source.name)


@cache
def sample(source: Source) -> list[str]:
    """Records of a source in the sample logs."""
    logs = [LocalFile(path) for path in sorted(SAMPLE.rglob("*")) if path.is_file()]
    came: Iterator[Any] = arrivals(logs, Known(), given=None, max_record_bytes=1 << 20)
    mine = (
        arrival
        for arrival in came
        if isinstance(arrival, Arrival)
        and arrival.file.source == source.name
        and arrival.piece.indexes
    )
    first = [arrival for arrival, _ in zip(mine, range(FILES_READ), strict=False)]
    return [text for arrival in first for text in arrival.piece.texts.to_pylist()]


def parsed(source: Source, select: str, records: list[str], lake: Lake) -> ParsedBatch:
    """The records as a version of the source with this SELECT parses them."""
    file = LogFile("a.log", "f", 0, source.name)
    gathering = Gathering()
    gathering.add(Arrival(file, Piece(range(len(records)), pa.array(records))))
    with lake.reader(tables=()) as reader, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Source, "select", select)
        return Parser(reader).parse(gathering.joined())


@every_source
def test_the_sample_logs_have_some_of_each(source: Source, hold_the_contract: Contract) -> None:
    records = sample(source)
    assert records
    assert all(source.recognises(json.loads(record)) for record in records)
    rows = selected(source, *records)
    assert set(rows.columns) == set(SELECTED.names)
    assert rows["problem"].null_count() == rows.height >= len(records)
    assert rows["event_id"].n_unique() == rows.height
    hold_the_contract(rows)


@every_source
@settings(max_examples=8)
@given(values=st.lists(JSON, min_size=20, max_size=40))
def test_any_json_is_at_worst_a_problem(
    source: Source, hold_the_contract: Contract, values: list[Any]
) -> None:
    rows = selected(source, *map(json.dumps, values))
    assert set(rows["record"]) == set(range(len(values)))
    hold_the_contract(rows)


@every_source
def test_an_event_without_an_id_or_a_time_is_a_reject(source: Source, lake: Lake) -> None:
    for column, type_ in (("event_id", "varchar"), ("event_time", "timestamptz")):
        select = f"select * replace (null::{type_} as {column}) from ({source.select})"
        batch = parsed(source, select, sample(source)[:2], lake)
        assert {part.reason for _, part in batch.broken} == {
            "expected an event with an id and a time, got one without"
        }
        assert [events.num_rows for _, events in batch.events] == [0]


@every_source
def test_a_null_may_be_of_any_type(source: Source, lake: Lake) -> None:
    select = f"select * replace (null as tool_name, null as source_ip) from ({source.select})"
    [(_, events)] = parsed(source, select, sample(source)[:2], lake).events
    assert events["tool_name"].type == pa.string()


@every_source
@pytest.mark.parametrize(
    ("change", "told"),
    [("exclude (problem)", "of problem too"), ("replace ('many' as input_tokens)", "many")],
)
def test_a_select_that_breaks_its_promise_is_told_by_name(
    source: Source, lake: Lake, change: str, told: str
) -> None:
    select = f"select * {change} from ({source.select})"
    with pytest.raises(SourceError, match=f"source {source.name}: .*{told}"):
        parsed(source, select, sample(source)[:2], lake)
