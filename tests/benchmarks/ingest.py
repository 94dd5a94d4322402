"""How fast gzip CloudTrail becomes events, `raw` kept, against other ways, in turn.

DuckDB and ClickHouse (chdb) make the columns of `events`, which are compared with nhiwatch's event
by event; what lookups add they are given. DuckDB also only unnests the records and writes them. As
a script would, without rules for who acted, ClickHouse and Python's json make the columns of
`with_chdb_plain.sql`. nhiwatch makes the lookups too, has each event once, and commits; its figure
is the whole command's, start included, as is theirs.
"""

from __future__ import annotations

import shutil
import statistics
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
    logs, made = work / "company", work / "made"
    cost(script("logs.py", "company", logs, "--factor", factor))
    made.mkdir()
    rounds_of = _in_turn(made, logs / "AWSLogs", rounds=rounds)
    shutil.rmtree(logs)
    shutil.rmtree(made)
    costs = {name: median(of_way) for name, of_way in rounds_of.items()}
    events = int(costs["DuckDB, unnested"].said)
    ours = costs["nhiwatch"]
    # Of each round, as the machine is quicker in one than in another.
    times = {
        name: statistics.median(
            theirs.seconds / of_ours.seconds
            for theirs, of_ours in zip(of_way, rounds_of["nhiwatch"], strict=True)
        )
        for name, of_way in rounds_of.items()
    }
    return [
        Row(
            what=f"ingest {events:,} events of gzip CloudTrail",
            cost=ours,
            figure=f"{events / ours.seconds:,.0f} events/s",
        ),
        Row(
            what="… DuckDB `read_json`, unnested only",
            cost=costs["DuckDB, unnested"],
            figure=f"nhiwatch at {times['DuckDB, unnested']:.1f} times its speed",
            bar=f"{TIMES_DUCKDB} times",
            holds=times["DuckDB, unnested"] >= TIMES_DUCKDB,
        ),
        Row(
            what="… DuckDB `read_json`, the same columns in each row",
            cost=costs["DuckDB"],
            figure=f"nhiwatch at {times['DuckDB']:.1f} times its speed",
        ),
        Row(
            what="… ClickHouse (chdb), the same columns in each row",
            cost=costs["ClickHouse"],
            figure=f"nhiwatch at {times['ClickHouse']:.2f} times its speed",
            bar="1 time",
            holds=times["ClickHouse"] >= 1,
        ),
        Row(
            what="… ClickHouse (chdb), plain columns as of a script",
            cost=costs["ClickHouse, plain"],
            figure=f"nhiwatch at {times['ClickHouse, plain']:.2f} times its speed",
        ),
        Row(
            what="… Python's `json` in a loop, plain columns",
            cost=costs["json"],
            figure=f"nhiwatch at {times['json']:.1f} times its speed",
        ),
    ]


def _in_turn(work: Path, trail: Path, *, rounds: int) -> dict[str, list[Cost]]:
    """What each way costs in each round, when the columns are found to be the same."""
    out, lake, lookups = work / "out.parquet", work / "lake", work / "lookups"
    ways = {
        "DuckDB, unnested": script("with_duckdb.py", trail, out),
        "DuckDB": script("with_duckdb.py", trail, out, lookups),
        "ClickHouse": script("with_chdb.py", trail, out, lookups),
        "ClickHouse, plain": script("with_chdb.py", trail, out, "--plain"),
        "json": script("with_json.py", trail, out),
        "nhiwatch": nhiwatch("ingest", trail, "--lake", lake, "--json"),
    }
    cost(ways["nhiwatch"])
    cost(script("same_columns.py", "lookups", lake, lookups))
    for name in ("DuckDB", "ClickHouse"):
        cost(ways[name])
        cost(script("same_columns.py", "compare", lake, out))
        out.unlink()
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            out.unlink(missing_ok=True)
            shutil.rmtree(lake, ignore_errors=True)
            costs[name].append(cost(way))
    return costs
