"""CloudTrail with DuckDB's own reader, to Parquet: the records, unnested; with LOOKUPS the columns
of `events`, `raw` kept, by nhiwatch's own SELECT.

    python tests/benchmarks/with_duckdb.py LOGS OUT.parquet [LOOKUPS]

LOOKUPS is a folder that same_columns.py made. Prints how many records it wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

RECORDS = """
select
    unnest(Records) as record,
    filename as source_file,
    generate_subscripts(Records, 1) - 1 as record_index
from files
"""
# What a record is from takes the place of its number, to stay beside what is made of it.
NUMBERED = """
select
    {'raw': record, 'source_file': source_file, 'record_index': record_index} as record,
    record as raw
from unnested
"""
EVENTS = """
select
    acted.* exclude (record, raw, read_only, problem, access),
    cast(event_time as date) as event_date,
    coalesce(access, actions.looked_up, 'other') as access,
    addresses.* exclude (key),
    agents.* exclude (key),
    unnest(record)
from acted
left join actions on actions.key = action
left join addresses on addresses.key = source_ip
left join agents on agents.key = user_agent
"""


def write_records(connection: duckdb.DuckDBPyConnection, out: str) -> None:
    connection.sql("select unnest(Records) as record from files").write_parquet(out)


def write_events(connection: duckdb.DuckDBPyConnection, out: str, lookups: Path) -> None:
    """In two steps, as in one DuckDB takes twice as long."""
    # Those who only unnest need not wait for it.
    from pipeline.sources import sources  # noqa: PLC0415

    connection.execute("set TimeZone = 'UTC'")
    for file in lookups.glob("*.parquet"):
        connection.read_parquet(str(file)).create_view(file.stem)
    connection.sql(RECORDS).create("unnested")
    connection.sql(NUMBERED).create_view("records")
    connection.sql(sources()["aws_cloudtrail"].select).create_view("acted")
    connection.sql(EVENTS).write_parquet(out)


def main() -> None:
    logs, out, *lookups = sys.argv[1:]
    with duckdb.connect() as connection:
        connection.read_json(
            str(Path(logs) / "**" / "*.json.gz"), columns={"Records": "JSON[]"}, filename=True
        ).create_view("files")
        if lookups:
            write_events(connection, out, Path(lookups[0]))
        else:
            write_records(connection, out)
        [(rows,)] = connection.read_parquet(out).count("*").fetchall()
    print(rows)


if __name__ == "__main__":
    main()
