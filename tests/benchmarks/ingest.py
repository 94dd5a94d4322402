"""How fast gzip CloudTrail becomes events, against DuckDB's own JSON reader, side by side.

    python tests/benchmarks/ingest.py --factor 10 --rounds 3

Prints a table: events, seconds and events a second of each, medians over the rounds, and the ratio.
DuckDB only unnests the records and writes them to Parquet; nhiwatch also normalises, enriches,
deduplicates and commits.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

import duckdb

from pipeline.ingest import ingest
from pipeline.lake import Lake
from sample_data.generate import generate

NOW = datetime(2026, 10, 2, tzinfo=timezone.utc)


def with_duckdb(logs: Path, out: Path) -> int:
    """Unnest the records with read_json and write them to Parquet; returns how many."""
    records = str(out / "records.parquet")
    with duckdb.connect() as connection:
        connection.read_json(
            str(logs / "**" / "*.json.gz"),
            columns={"Records": "JSON[]"},
            maximum_object_size=1 << 26,
        ).select("unnest(Records) as record").write_parquet(records)
        [(rows,)] = connection.read_parquet(records).count("*").fetchall()
    return int(rows)


def with_nhiwatch(logs: Path, out: Path) -> int:
    """Ingest into a new lake; returns how many events."""
    return ingest(Lake(out / "lake"), [logs], now=NOW, run_id="benchmark").events


def timed(work: Path, logs: Path, rounds: int) -> dict[str, tuple[int, float]]:
    """Events and median seconds of each, taken in turn."""
    ways = {"DuckDB read_json": with_duckdb, "nhiwatch ingest": with_nhiwatch}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    rows = dict.fromkeys(ways, 0)
    for _ in range(rounds):
        for name, way in ways.items():
            out = Path(tempfile.mkdtemp(dir=work))
            start = time.perf_counter()
            rows[name] = way(logs, out)
            seconds[name].append(time.perf_counter() - start)
            shutil.rmtree(out)
    return {name: (rows[name], statistics.median(taken)) for name, taken in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--factor", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        generate(work / "data", factor=options.factor)
        results = timed(work, work / "data" / "AWSLogs", options.rounds)
    print("| way | events | seconds | events a second |\n|---|---|---|---|")
    for name, (rows, seconds) in results.items():
        print(f"| {name} | {rows:,} | {seconds:.1f} | {rows / seconds:,.0f} |")
    slow, fast = (seconds for _, seconds in results.values())
    print(f"\nnhiwatch against DuckDB read_json: {slow / fast:.2f} times its speed")


if __name__ == "__main__":
    main()
