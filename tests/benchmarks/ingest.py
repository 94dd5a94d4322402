"""How fast gzip CloudTrail becomes events, `raw` kept, against other ways, in turn.

DuckDB only unnests the records and writes them. ClickHouse (chdb) and Python's json also make the
columns of `with_chdb.sql`. nhiwatch makes all columns of `events`, with what lookups add, each
event once, and commits; its figure is the whole command's, start included, as is theirs.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from cost import Cost, cost, median, nhiwatch, script
from row import Row

TIMES_DUCKDB = 6


def measure(work: Path, *, quick: bool) -> Iterator[Row]:
    for factor in (2,) if quick else (8, 40):
        yield from _measure(work, factor=factor, rounds=1 if quick else 3)


def _measure(work: Path, *, factor: int, rounds: int) -> list[Row]:
    """Of the sample company's logs, so many times over."""
    logs = work / "company"
    cost(script("logs.py", "company", logs, "--factor", factor))
    costs = _in_turn(work, logs / "AWSLogs", rounds=rounds)
    shutil.rmtree(logs)
    events = int(costs["DuckDB"].said)
    ours = costs["nhiwatch"]
    by_duckdb = costs["DuckDB"].seconds / ours.seconds
    by_chdb = costs["ClickHouse"].seconds / ours.seconds
    return [
        Row(
            what=f"ingest {events:,} events of gzip CloudTrail",
            cost=ours,
            figure=f"{events / ours.seconds:,.0f} events/s",
        ),
        Row(
            what="… DuckDB `read_json`, unnested only",
            cost=costs["DuckDB"],
            figure=f"nhiwatch at {by_duckdb:.1f} times its speed",
            bar=f"{TIMES_DUCKDB} times",
            holds=by_duckdb >= TIMES_DUCKDB,
        ),
        Row(
            what="… ClickHouse (chdb), its own columns of a log",
            cost=costs["ClickHouse"],
            figure=f"nhiwatch at {by_chdb:.2f} times its speed",
            bar="1 time",
            holds=by_chdb >= 1,
        ),
        Row(
            what="… Python's `json` in a loop, the same columns",
            cost=costs["json"],
            figure=f"nhiwatch at {costs['json'].seconds / ours.seconds:.1f} times its speed",
        ),
    ]


def _in_turn(work: Path, trail: Path, *, rounds: int) -> dict[str, Cost]:
    """What each way costs, medians over the rounds."""
    out, lake = work / "out.parquet", work / "lake"
    ways = {
        "DuckDB": script("with_duckdb.py", trail, out),
        "ClickHouse": script("with_chdb.py", trail, out),
        "json": script("with_json.py", trail, out),
        "nhiwatch": nhiwatch("ingest", trail, "--lake", lake, "--json"),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            costs[name].append(cost(way))
            out.unlink(missing_ok=True)
            shutil.rmtree(lake, ignore_errors=True)
    return {name: median(of_way) for name, of_way in costs.items()}
