"""A parser is kept for the next load, as long as it is short and nothing went wrong."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pyarrow as pa
import pytest

from builders.cloudtrail import cloudtrail
from pipeline.arrivals import Arrival, LogFile
from pipeline.batches import Batch, Gathering
from pipeline.errors import SourceError
from pipeline.lake import Lake
from pipeline.parsing import Parser, parser_within
from pipeline.records import Piece
from pipeline.sources import Source, sources

LIMITS = itertools.count(1 << 30)


def batch(*texts: str) -> Batch:
    gathering = Gathering()
    file = LogFile("a.log", "f", 0, "aws_cloudtrail")
    gathering.add(Arrival(file, Piece(range(len(texts)), pa.array(texts))))
    return gathering.joined()


def parse(lake: Lake, *texts: str) -> Parser:
    """The parser that parsed these records in a load of their own."""
    with parser_within(lake) as parser:
        [(_, events)] = parser.parse(batch(*texts)).events
        assert events.num_rows == len(texts)
    return parser


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with bounds that no other test has."""
    return Lake(tmp_path / "lake", memory_limit=next(LIMITS))


def test_the_next_load_has_the_same_parser(lake: Lake) -> None:
    assert parse(lake, json.dumps(cloudtrail(0))) is parse(lake, json.dumps(cloudtrail(1)))


def test_two_loads_at_once_have_two(lake: Lake) -> None:
    with parser_within(lake) as parser:
        assert parse(lake, json.dumps(cloudtrail(0))) is not parser


def test_after_a_long_load_its_memory_goes(lake: Lake) -> None:
    long = [json.dumps(cloudtrail(n, requestParameters={"a": "x" * 200_000})) for n in range(50)]
    assert parse(lake, *long) is not parse(lake, json.dumps(cloudtrail(0)))


def test_one_that_failed_is_not_kept(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps(cloudtrail(0))
    first = parse(lake, text)
    with monkeypatch.context() as patch:
        patch.setattr(Source, "select", "select record from records")
        with pytest.raises(SourceError):
            parse(lake, text)
    assert parse(lake, text) is not first


def test_a_select_that_is_another_now_is_the_one_that_is_run(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps(cloudtrail(0))
    first = parse(lake, text)
    none = f"from ({sources()['aws_cloudtrail'].select}) limit 0"
    monkeypatch.setattr(Source, "select", none)
    with parser_within(lake) as parser:
        assert parser is first
        [(_, events)] = parser.parse(batch(text)).events
        assert events.num_rows == 0
