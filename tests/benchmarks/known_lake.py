"""A lake that knows many files, their accounts appended in bulk.

    python tests/benchmarks/known_lake.py LAKE --files 1500000

Of a year of CloudTrail in 17 regions, as small objects of a bucket; every fifteenth has a reject.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.housekeeping import Rules, keep_house
from pipeline.lake import Lake
from pipeline.schemas import INGESTS, REJECTS, Table
from pipeline.settings import Retention

START = datetime(2025, 9, 1, tzinfo=timezone.utc)
YEAR = timedelta(days=365)
REGIONS = 17
AT_ONCE = 50_000
A_REJECT_IN = 15


def accounts(files: int) -> Iterator[pl.DataFrame]:
    """Rows of `ingests`, in order of time."""
    random = np.random.default_rng(7)
    for start in range(0, files, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, files))
        digits = random.bytes(16 * len(numbers)).hex()
        contents = [digits[32 * n : 32 * n + 32] for n in range(len(numbers))]
        region = pl.format("region-{}", pl.col("number") % REGIONS)
        written = pl.lit(START) + pl.col("number") * (YEAR / files)
        folder = pl.format("AWSLogs/123456789012/CloudTrail/{}", region)
        yield _rows(
            INGESTS,
            pl.DataFrame({"number": numbers, "fingerprint": contents}).with_columns(
                source_file=pl.format(
                    "s3://logs/{}/{}/123456789012_CloudTrail_{}_{}.json.gz",
                    folder,
                    written.dt.strftime("%Y/%m/%d"),
                    written.dt.strftime("%Y%m%dT%H%MZ"),
                    pl.col("fingerprint").str.head(16),
                ),
                content="fingerprint",
                source=pl.lit("aws_cloudtrail"),
                bytes=pl.lit(2_000),
                records=pl.lit(3),
                events=pl.lit(3),
                duplicates=pl.lit(0),
                rejects=pl.lit(0),
                first_event_at=written,
                last_event_at=written,
                ingested_at=written,
                run_id=written.dt.strftime("%Y%m%dT%H"),
            ),
        )


def rejects(files: pl.DataFrame) -> pl.DataFrame:
    """Rows of `rejects`, one of every so many files."""
    return _rows(
        REJECTS,
        files.gather_every(A_REJECT_IN).with_columns(
            record_index=pl.lit(0),
            reason=pl.lit("expected an eventID, got none"),
            text=pl.lit('{"requestID": "') + pl.col("fingerprint") + '"}',
            text_bytes=pl.lit(50),
            rejected_at="ingested_at",
        ),
    )


def _rows(table: Table, columns: pl.DataFrame) -> pl.DataFrame:
    """Rows of a table; what is not told of them is null."""
    empty = table.frame([])
    there = [name for name in table.column_names if name in columns.columns]
    rows = columns.select(there).cast({name: empty.schema[name] for name in there})
    return pl.concat([empty, rows], how="diagonal")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lake", type=Path)
    parser.add_argument("--files", type=int, default=1_500_000)
    told = parser.parse_args()
    lake = Lake(told.lake)
    for rows in accounts(told.files):
        lake.append("ingests", rows)
        lake.append("rejects", rejects(rows))
    keep_house(
        lake, rules=Rules(keep_hours=0, vacuum_all=True), retention=Retention(), now=START + YEAR
    )
    print(lake.files("ingests")["rows"].sum())


if __name__ == "__main__":
    main()
